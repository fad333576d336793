"""Serves the components by the protocol of Pulumi's provider plugins."""

import json
import sys
import tomllib
from inspect import cleandoc
from pathlib import Path
from typing import Any, NoReturn, cast

import pulumi
from pulumi.errors import InputPropertiesError
from pulumi.provider import ConstructResult, main
from pulumi.provider.experimental.analyzer import ComponentDefinition
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.server import ComponentInitError

from falco_firelens.errors import StackError
from falco_firelens.settings import NAMESPACE, SettingsError

from .deployment import Deployment
from .sensors import EcsSensor, EventLog, KubernetesSensor, SensorArgs

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"

COMPONENTS = [Deployment, EventLog, KubernetesSensor, EcsSensor]


class Host(ComponentProvider):
    """Pulumi's own host of components, with our messages about mistakes.

    Pulumi's drops keys that it does not know, and reports one missing key at a time. Here the components check all that
    a program has passed, and what they find is reported without a traceback.
    """

    def __init__(self, version: str) -> None:
        super().__init__([*COMPONENTS], NAMESPACE, version=version)
        schema = json.loads(self.schema or "{}")
        for resource in schema["resources"].values():
            for key, one in resource["inputProperties"].items():
                # Pulumi's analyzer does not look into the class that arguments inherit from.
                one.setdefault("description", self.analyzer.get_docstring(SensorArgs, key))
        self.schema = json.dumps(_unindented(schema))

    def map_inputs(self, inputs: Any, component_def: ComponentDefinition) -> Any:
        """Hand over all inputs: the components' arguments have the schema's names."""
        return inputs

    def construct(
        self, name: str, resource_type: str, inputs: Any, options: pulumi.ResourceOptions | None = None
    ) -> ConstructResult:
        """Make a component. Raises InputPropertiesError where the inputs have mistakes or do not fit the account."""
        try:
            return super().construct(name, resource_type, inputs, options)
        except ComponentInitError as error:
            _report(error)


def _report(error: ComponentInitError) -> NoReturn:
    """Report what a person can fix as one message.

    Not as errors of single properties: the engine shows their values beside them, and our messages leave out what may
    be a secret.
    """
    inner = error.inner
    if isinstance(inner, StackError):
        said = "\n".join(map(str, inner.mistakes)) if isinstance(inner, SettingsError) else str(inner)
        # Pulumi's server fails where the list is left out.
        raise InputPropertiesError(said, []) from None
    raise error


def _unindented(value: object) -> object:
    """Take the indentation out of a schema's descriptions, which are docstrings."""
    if isinstance(value, dict):
        keys = cast("dict[str, object]", value)
        return {
            key: cleandoc(item) if key == "description" and isinstance(item, str) else _unindented(item)
            for key, item in keys.items()
        }
    return [*map(_unindented, cast("list[object]", value))] if isinstance(value, list) else value


def serve() -> None:
    """Serve until the engine ends the plugin."""
    version: str = tomllib.loads(PROJECT.read_text())["project"]["version"]
    main(Host(version), sys.argv[1:])
