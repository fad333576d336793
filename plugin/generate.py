"""Writes `settings.py`: the keys of a stack file as types from which Pulumi infers a schema. `make generate` runs it.

The models in falco_firelens/settings say what a stack file may hold, and their JSON schema is what is read here. Where
a mapping is of one of several kinds, as a cluster is, its type has the keys of all: Pulumi's inference knows no unions.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import fill, indent
from typing import Any

from falco_firelens.settings.schema import ENCRYPTED_VALUE, Schema, settings_schema

HEAD = '''"""The keys of a stack file, as types for Pulumi's schema inference.

Generated from falco_firelens/settings/ by `make generate`: change the models, not this file.
"""

from enum import Enum
from typing import Any, NotRequired, TypedDict

import pulumi
'''

TOP = "Stack"
"""The type of the whole."""

PLATFORM = re.compile("^(Eks|Ecs|Kubernetes)")

WIDTH = 112

SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}


@dataclass
class _Property:
    """One key: its schemas, of which there are several where kinds differ, and the kinds that have it."""

    schemas: list[Schema] = field(default_factory=list[Schema])
    kinds: list[str] = field(default_factory=list[str])
    required: bool = True


class _Types:
    """The classes, each written after those that it refers to."""

    def __init__(self, definitions: Mapping[str, Schema]) -> None:
        self._definitions = definitions
        self.written: dict[str, str] = {}
        self._secret: set[str] = set()

    def mapping(self, name: str, kinds: Mapping[str, Schema]) -> str:
        """Write the class of a mapping, or of the several kinds that it can be of, and return its name."""
        if name not in self.written:
            lines = [line for key, one in _keys(kinds).items() for line in self._key(name, key, one, len(kinds))]
            about = " ".join(dict.fromkeys(each["description"] for each in kinds.values()))
            text = [f"class {name}(TypedDict):", _docstring(about), "", *lines]
            self.written[name] = "\n".join(text).rstrip() + "\n"
        return name

    def _key(self, owner: str, key: str, one: _Property, kinds: int) -> Iterator[str]:
        if not key.isidentifier():
            raise ValueError(f"{owner}.{key} is no name of a Python attribute")
        kind = self._type(f"{owner}{key[0].upper()}{key[1:]}", one.schemas)
        yield f"    {key}: {kind if one.required else f'NotRequired[{kind}]'}"
        yield _docstring(_about(one, kinds))
        yield ""

    def _type(self, name: str, schemas: Sequence[Schema]) -> str:
        """Return the annotation of a value. `name` is what a class of its own is called."""
        if any(ENCRYPTED_VALUE in schema.get("anyOf", ()) for schema in schemas):
            return "pulumi.Input[str]"
        words = [word for schema in schemas for word in _words(schema)]
        if words:
            return self._enum(name, dict.fromkeys(words))
        targets = [target for schema in schemas for target in self._targets(schema)]
        if targets:
            return self._reference(name, targets)
        (schema,) = {repr(_bare(each)): each for each in schemas}.values()
        match schema.get("type"):
            case "array":
                return self._wrapped("list[{}]", self._type(_singular(name), [schema["items"]]))
            case "object":
                (value,) = [*schema.get("patternProperties", {}).values()] or [schema["additionalProperties"]]
                return self._wrapped("dict[str, {}]", self._type(_singular(name), [value]))
            case str(kind) if kind in SCALARS:
                return SCALARS[kind]
            case _:
                return "Any"

    def _targets(self, schema: Schema) -> list[str]:
        alternatives = [schema, *schema.get("anyOf", ()), *schema.get("oneOf", ())]
        return [each["$ref"].rpartition("/")[2] for each in alternatives if "$ref" in each]

    def _reference(self, name: str, targets: Sequence[str]) -> str:
        found = list(dict.fromkeys(targets))
        known = found[0] if len(found) == 1 else _common(found) or name
        self.mapping(known, {target: self._definitions[target] for target in found})
        if "pulumi.Input" in self.written[known]:
            return f"pulumi.Input[{known}]"
        return known

    @staticmethod
    def _wrapped(form: str, inner: str) -> str:
        """Return the annotation of a list or a mapping; one with a secret somewhere in it may also be an output."""
        outer = form.format(inner)
        return f"pulumi.Input[{outer}]" if inner.startswith("pulumi.Input") else outer

    def _enum(self, name: str, words: Mapping[str, Any]) -> str:
        lines = [f"    {_member(word)} = {_quoted(word)}" for word in words]
        known = next((each for each, text in self.written.items() if text.endswith("\n".join(lines) + "\n")), name)
        if known == name:
            about = f"One of {', '.join(f'`{word}`' for word in words)}."
            self.written[name] = "\n".join([f"class {name}(Enum):", _docstring(about), "", *lines, ""])
        return known


def _keys(kinds: Mapping[str, Schema]) -> Mapping[str, _Property]:
    """Collect the keys of all kinds, the required ones first. Required is what every kind requires."""
    keys = dict[str, _Property]()
    for kind, definition in kinds.items():
        for key, schema in definition["properties"].items():
            one = keys.setdefault(key, _Property())
            one.schemas.append(schema)
            one.kinds.append(kind)
    for key, one in keys.items():
        one.required = all(key in definition.get("required", ()) for definition in kinds.values())
    return dict(sorted(keys.items(), key=lambda item: not item[1].required))


def _about(one: _Property, kinds: int) -> str:
    """Say what a key means, for which platforms, its default, and what a value has to be where no type says so."""
    about = " ".join(dict.fromkeys(schema["description"] for schema in one.schemas))
    if len(one.schemas) < kinds:
        about = f"Only with platform {' and '.join(f'`{_platform(kind)}`' for kind in one.kinds)}. {about}"
    numbers = [value for schema in one.schemas for value in schema.get("enum", ()) if isinstance(value, int)]
    if numbers:
        about += f" One of {', '.join(map(str, numbers))}."
    defaults = {json.dumps(schema.get("default")) for schema in one.schemas} - {"null", '""', "[]", "{}"}
    if len(defaults) == 1 and "Default:" not in about:
        about += f" Default: `{defaults.pop()}`."
    return about


def _platform(kind: str) -> str:
    """Return the platform that a definition is for: `eks` for EksCluster."""
    found = PLATFORM.match(kind)
    return found[0].lower() if found else kind


def _words(schema: Schema) -> list[str]:
    values: list[Any] = [schema["const"]] if "const" in schema else schema.get("enum", [])
    return values if all(isinstance(value, str) for value in values) else []


def _bare(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if key not in ("description", "default")}


def _common(names: Sequence[str]) -> str | None:
    """Return the common name of several definitions: `Cluster` for EksCluster and EcsCluster."""
    ends = {PLATFORM.sub("", name) for name in names}
    (end,) = ends if len(ends) == 1 else (None,)
    return end if end == "Cluster" else f"Cluster{end}" if end else None


def _singular(name: str) -> str:
    return name.removesuffix("s")


def _member(word: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", word))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _docstring(text: str) -> str:
    text = text.replace("\\", "\\\\").replace('"""', "'''")
    text += " " if text.endswith('"') else ""
    wrapped = fill(f'"""{text}', WIDTH, break_long_words=False, break_on_hyphens=False)
    lines = wrapped.splitlines()
    closed = f'{wrapped}"""' if len(lines) == 1 and len(lines[0]) + 3 <= WIDTH + 4 else f'{wrapped}\n"""'
    return indent(closed, "    ")


def module() -> str:
    """Return the text of the module."""
    schema = settings_schema()
    types = _Types(schema["$defs"])
    # A hub may have no clusters, and the loader says where they are missing.
    types.mapping(TOP, {TOP: {**schema, "required": []}})
    return "\n\n".join([HEAD, *types.written.values()])


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(module())
