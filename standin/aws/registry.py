"""Which resource types and functions the stand-in knows."""

import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from typing import Any

from standin.aws import services
from standin.aws.cloud import Region
from standin.aws.resource import Resource

Function = Callable[[Region, dict[str, Any]], dict[str, Any]]


@functools.cache
def _modules() -> tuple[Any, ...]:
    names = sorted(module.name for module in pkgutil.iter_modules(services.__path__))
    return tuple(importlib.import_module(f"{services.__name__}.{name}") for name in names)


@functools.cache
def resources() -> Mapping[str, Resource]:
    """All resource types by token."""
    return {cls.token: cls() for module in _modules() for cls in getattr(module, "RESOURCES", ())}


@functools.cache
def functions() -> Mapping[str, Function]:
    """All functions by token."""
    found: dict[str, Function] = {}
    for module in _modules():
        found.update(getattr(module, "FUNCTIONS", {}))
    return found
