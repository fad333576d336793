"""What the installed pulumi-aws SDK says about a type: its inputs, its outputs, which of them must or may be there.

The SDK is the one description of the provider's schema that a package registry serves. Importing a whole service
package takes up to two seconds, a resource's own module with the types it names a fraction of that: the plugin, which
starts with every command of the engine, does without the rest.
"""

# pyright: reportPrivateUsage=false, reportUnknownArgumentType=false, reportUnknownVariableType=false

import enum
import functools
import importlib
import inspect
import keyword
import re
import sys
import threading
import types
import typing
from collections import abc
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from pulumi import _types

PACKAGE = "pulumi_aws"
_importing = threading.Lock()
_sparse: bool = False


class _SparsePackage(types.ModuleType):
    """Stands for a service's package and has nothing of its own but the place where its modules are."""


def import_sparsely() -> None:
    """From now on load only the modules of the types asked for.

    For a process in which nobody else uses the SDK: its service packages are no longer what their documentation says.
    """
    global _sparse
    _sparse = True


class UnknownTokenError(LookupError):
    """The SDK has no such resource or function."""


@dataclass(frozen=True)
class Scalar:
    """A string, integer, number, boolean, asset — or anything."""

    name: str


@dataclass(frozen=True)
class ListOf:
    """A list of one type."""

    item: "Type"


@dataclass(frozen=True)
class MapOf:
    """A map from strings to one type."""

    item: "Type"


@dataclass(frozen=True)
class OneOf:
    """A value of any of several types."""

    options: "tuple[Type, ...]"


@dataclass(frozen=True)
class Field:
    """One property of an object."""

    type: "Type"
    required: bool


@dataclass(frozen=True)
class Object:
    """An object with named properties, read from an SDK class when somebody looks: types may contain themselves."""

    cls: type

    @property
    def fields(self) -> Mapping[str, Field]:
        """Properties by the names that travel on the wire."""
        return _fields(self.cls)


Type = Scalar | ListOf | MapOf | OneOf | Object
ANY = Scalar("any")


@dataclass(frozen=True)
class ResourceType:
    """Inputs and outputs of a resource; `optional_outputs` may be absent from a state, the others are always there."""

    inputs: Object
    outputs: Mapping[str, Type]
    optional_outputs: frozenset[str]


@dataclass(frozen=True)
class FunctionType:
    """Arguments and result of an invoke."""

    arguments: Mapping[str, Field]
    result: Object


@functools.cache
def resource_type(token: str) -> ResourceType:
    """Return the type of `aws:<module>/<file>:<Class>`, whose arguments are `<Class>Args`, or `<Class>InitArgs` if that
    is taken.

    Raises UnknownTokenError where the SDK has none.
    """
    module, name = _module(token)
    cls = getattr(module, name, None)
    # Where another type's nested input has the name already, the SDK calls a resource's arguments `…InitArgs`.
    arguments = getattr(module, f"{name}InitArgs", None) or getattr(module, f"{name}Args", None)
    if cls is None or arguments is None:
        raise UnknownTokenError(f"pulumi-aws has no resource type {token}")
    getters = [(wire, prop) for _, wire, prop in _types._py_properties(cls)]
    optional = {wire for wire, prop in getters if _is_optional(prop.fget.__annotations__["return"])}
    outputs = {name: _parse(hint) for name, hint in _types.resource_types(cls).items()}
    return ResourceType(Object(arguments), outputs, frozenset(optional))


@functools.cache
def function_type(token: str) -> FunctionType:
    """Return the type of the invoke `aws:<module>/<file>:<function>`.

    Raises UnknownTokenError where the SDK has none.
    """
    module, name = _module(token)
    function = getattr(module, _snake(name), None)
    result = getattr(module, f"{name[0].upper()}{name[1:]}Result", None)
    if function is None or result is None:
        raise UnknownTokenError(f"pulumi-aws has no function {token}")
    wire_names = {python: wire for python, wire, _ in _types._py_properties(result)}
    hints = typing.get_type_hints(function)
    arguments = {
        wire_names.get(name, _camel(name)): Field(_parse(hints[name]), parameter.default is inspect.Parameter.empty)
        for name, parameter in inspect.signature(function).parameters.items()
        if name != "opts"
    }
    return FunctionType(arguments, Object(result))


@functools.cache
def provider_type() -> Object:
    """Return the provider's own configuration."""
    return Object(importlib.import_module(f"{PACKAGE}.provider").ProviderArgs)


def _module(token: str) -> tuple[types.ModuleType, str]:
    match = re.fullmatch(r"aws:(\w+)/(\w+):(\w+)", token)
    if match is None:
        raise UnknownTokenError(f"{token} is not a token of pulumi-aws")
    group, file, name = match.groups()
    with _importing:
        package = PACKAGE if group == "index" else _service_package(f"{group}_" if keyword.iskeyword(group) else group)
        try:
            # The SDK imports its packages lazily. One that is first run while a module of its own is being imported
            # finds that module half there, and is without its types for good.
            hasattr(importlib.import_module(package), "outputs")
            return importlib.import_module(f"{package}.{_snake(file)}"), name
        except ModuleNotFoundError as error:
            raise UnknownTokenError(f"pulumi-aws has nothing called {token}") from error


def _service_package(group: str) -> str:
    """Return a service's package without running its `__init__`, which would import every type of the service."""
    name = f"{PACKAGE}.{group}"
    if _sparse and not isinstance(sys.modules.get(name), _SparsePackage):
        root = importlib.import_module(PACKAGE).__path__[0]
        package = _SparsePackage(name)
        package.__path__ = [str(Path(root) / group)]
        package.__package__ = name
        sys.modules[name] = package
    return name


@functools.cache
def _fields(cls: type) -> Mapping[str, Field]:
    if _types.is_input_type(cls):
        hints, names = _types.input_type_types(cls), _types.input_type_py_to_pulumi_names(cls)
    else:
        hints, names = _types.output_type_types(cls), _types._py_to_pulumi_names_from_py_properties(cls)
    parameters = inspect.signature(cls.__init__).parameters
    return {
        wire: Field(_parse(hints[wire]), python in parameters and parameters[python].default is inspect.Parameter.empty)
        for python, wire in names.items()
    }


def _parse(hint: Any) -> Type:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        options = tuple(dict.fromkeys(_parse(option) for option in arguments if not _is_plumbing(option)))
        return options[0] if len(options) == 1 else OneOf(options)
    if origin in (abc.Sequence, list):
        return ListOf(_parse(arguments[0]))
    if origin in (abc.Mapping, dict):
        return MapOf(_parse(arguments[1]))
    if isinstance(hint, type):
        return _parse_class(hint)
    return ANY


def _parse_class(cls: type) -> Type:
    if issubclass(cls, (str, enum.Enum)):
        return Scalar("string")
    for python, name in ((bool, "boolean"), (int, "integer"), (float, "number")):
        if cls is python:
            return Scalar(name)
    if issubclass(cls, (pulumi.Asset, pulumi.Archive)):
        return Scalar("asset")
    if _types.is_input_type(cls) or _types.is_output_type(cls):
        return Object(cls)
    return ANY


def _is_plumbing(hint: Any) -> bool:
    """Return what the SDK's annotations allow in a program, but what never travels as such."""
    origin = typing.get_origin(hint)
    plumbing = hint is type(None) or origin is abc.Awaitable or origin is pulumi.Output
    return plumbing or typing.is_typeddict(hint) or (isinstance(hint, type) and _types.is_output_type(hint))


def _is_optional(hint: Any) -> bool:
    (value,) = typing.get_args(hint) or (hint,)
    return type(None) in typing.get_args(value)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.title() for part in tail)
