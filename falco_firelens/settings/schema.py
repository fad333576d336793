"""The JSON schema of stack files, generated from the models: completion and checks in an editor."""

from collections.abc import Iterator, Mapping
from typing import Any

from falco_firelens.settings.loader import NAMESPACE
from falco_firelens.settings.stack import ANY, Settings

Schema = dict[str, Any]

ENCRYPTED_VALUE: Schema = {"type": "object", "properties": {"secure": {"type": "string"}}, "required": ["secure"]}
"""What `pulumi config set --secret` writes into a stack file."""


def stack_file_schema() -> Schema:
    """Return the schema of a whole Pulumi.<stack>.yaml; what other namespaces hold is not looked at."""
    settings = settings_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"A stack file of {NAMESPACE}",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": {f"{NAMESPACE}:{key}": value for key, value in settings["properties"].items()},
                "patternProperties": {f"^{NAMESPACE}:(?!({'|'.join(settings['properties'])})$)": False},
                "anyOf": [_clusters(settings), {"required": [f"{NAMESPACE}:hub"]}],
            }
        },
        "required": ["config"],
        "$defs": settings["$defs"],
    }


def _clusters(settings: Schema) -> Schema:
    """Return the keys that every stack but a hub must have."""
    return {
        "required": [f"{NAMESPACE}:{key}" for key in settings["required"]],
        "properties": {f"{NAMESPACE}:clusters": {"minItems": 1}},
    }


def settings_schema() -> Schema:
    """Return the schema of what stands under the project's namespace."""
    schema = Settings.model_json_schema()
    definitions: Schema = schema["$defs"]
    for mapping in (schema, *definitions.values()):
        mapping["description"] = _one_line(mapping["description"])
        mapping.pop("title", None)
        for key, value in mapping["properties"].items():
            mapping["properties"][key] = _as_written(key, value, definitions)
    schema["properties"]["tags"]["additionalProperties"] = False
    schema["properties"]["account"].update(default=ANY, pattern=f"^(?:{ANY}|[0-9]{{12}})$")
    return schema


def _as_written(key: str, schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """Return the schema of what a person may write; pydantic's is of what a program may pass."""
    value = {name: item for name, item in schema.items() if name not in ("title", "anyOf")}
    value |= _without_null(schema.get("anyOf", []))
    value["description"] = _one_line(value["description"])
    value.get("items", {}).pop("discriminator", None)
    if value.pop("writeOnly", False):  # as pydantic marks a secret
        description, text = value.pop("description"), {**value}
        del text["format"]
        text.pop("default", None)
        return {"description": description, "anyOf": [text, ENCRYPTED_VALUE]}
    if value.get("default", ...) is None or any(definitions_of(value)):
        value.pop("default", None)
    reference = value.get("$ref")
    if reference and not definitions[reference.rpartition("/")[2]].get("required"):
        del value["$ref"]
        value["anyOf"] = [{"$ref": reference}, {"type": "null"}]
    return value


def _without_null(alternatives: list[Schema]) -> Schema:
    """Return the schema without null: a key without a value is refused, except for a section, where it means the
    defaults.
    """
    others = [alternative for alternative in alternatives if alternative.get("type") != "null"]
    return others[0] if len(others) == 1 else {}


def _one_line(text: str) -> str:
    return " ".join(text.split())


def definitions_of(value: Schema) -> Iterator[str]:
    """Yield the names of the definitions that a property's schema refers to, in order."""
    for key, item in value.items():
        if key == "$ref":
            yield str(item).rpartition("/")[2]
        elif key == "items":
            yield from definitions_of(item)
        elif key == "patternProperties":
            for named in item.values():
                yield from definitions_of(named)
        elif key in ("anyOf", "oneOf"):
            for alternative in item:
                yield from definitions_of(alternative)
