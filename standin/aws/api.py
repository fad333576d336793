"""Between the provider's property names and AWS's own: guided by botocore's service models and the SDK's types.

Their names differ in case and in the singular (`subnetIds` and `SubnetIds`, `addresses` and `Address`); what differs
more is given as `rename`, from the provider's name to AWS's, at any depth.
"""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false

import base64
import datetime
import re
from collections.abc import Mapping
from typing import Any

from standin.aws.sdk import ListOf, MapOf, Object, OneOf, Scalar, Type

Rename = Mapping[str, str]
GONE = re.compile(r"NotFound|NoSuch|DoesNotExist|NonExistent|^404$|^ClusterNotFoundException$")


def error_code(error: Exception) -> str:
    """Return the code of an AWS error, the exception's name of any other."""
    response: dict[str, Any] = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Code", type(error).__name__))


def is_gone(error: Exception) -> bool:
    """Whether AWS says that the thing asked for is not there."""
    return bool(GONE.search(error_code(error))) or "name not found" in str(error)


def describe(error: Exception) -> str:
    """Return an AWS error in one line."""
    response: dict[str, Any] = getattr(error, "response", {})
    message = response.get("Error", {}).get("Message")
    return f"{error_code(error)}: {message}" if message else str(error)


def request(client: Any, operation: str, values: Mapping[str, Any], rename: Rename | None = None) -> dict[str, Any]:
    """Return an operation's parameters from a resource's properties, without those that the operation lacks."""
    shape = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation]).input_shape
    return _to_structure(values, shape, rename or {})


def call(
    client: Any, operation: str, values: Mapping[str, Any], rename: Rename | None = None, **parameters: Any
) -> dict[str, Any]:
    """Call an operation with a resource's properties and further parameters.

    Raises what boto3 raises.
    """
    return getattr(client, operation)(**{**request(client, operation, values, rename), **parameters})


def _key(name: str) -> str:
    return name.replace("_", "").lower()


def _to_structure(values: Mapping[str, Any], shape: Any, rename: Rename) -> dict[str, Any]:
    members = {_key(name): name for name in shape.members}
    result: dict[str, Any] = {}
    for name, value in values.items():
        member = _match(_key(rename.get(name, name)), members)
        if member is not None and value is not None:
            result[member] = _to_shape(value, shape.members[member], rename)
    return result


def _match(key: str, names: Mapping[str, str]) -> str | None:
    singular = key[:-2] if key.endswith("es") and key[:-2] in names else key.removesuffix("s")
    return names.get(key) or names.get(f"{key}s") or names.get(singular)


def _to_shape(value: Any, shape: Any, rename: Rename) -> Any:
    match shape.type_name:
        case "structure" if isinstance(value, Mapping):
            return _to_structure(value, shape, rename)
        case "list":
            items: list[Any] = value if isinstance(value, list) else [value]
            return [_to_shape(item, shape.member, rename) for item in items]
        case "map" if isinstance(value, Mapping):
            entries: Mapping[str, Any] = value
            return {key: _to_shape(item, shape.value, rename) for key, item in entries.items()}
        case "integer" | "long" if isinstance(value, str):
            return int(value)
        case "double" | "float" if isinstance(value, (str, int)):
            return float(value)
        case "boolean" if isinstance(value, str):
            return value.lower() == "true"
        case "string" if isinstance(value, bool):
            return str(value).lower()
        case "string" if isinstance(value, (int, float)):
            return str(value)
        case _:
            return value


def properties(answer: Mapping[str, Any], fields: Mapping[str, Type], rename: Rename | None = None) -> dict[str, Any]:
    """Return a resource's properties out of an answer of AWS, as far as the answer speaks of them."""
    names = {_key(name): name for name in answer}
    result: dict[str, Any] = {}
    for name, expected in fields.items():
        member = _match(_key((rename or {}).get(name, name)), names)
        if member is not None and answer[member] is not None:
            value = _from_answer(answer[member], expected, rename or {})
            if value is not None:
                result[name] = value
    return result


def _from_answer(value: Any, expected: Type, rename: Rename) -> Any:
    match expected, value:
        case OneOf(options), _:
            return _from_answer(value, options[0], rename)
        case ListOf(item), list():
            items: list[Any] = value
            return [_from_answer(element, item, rename) for element in items]
        case ListOf(), _:
            return None
        case MapOf(item), Mapping():
            entries: Mapping[str, Any] = value
            return {key: _from_answer(element, item, rename) for key, element in entries.items()}
        case Object(), Mapping():
            types = {name: field.type for name, field in expected.fields.items()}
            return properties(value, types, rename)
        case ((Object() | MapOf()), _):
            return None
        case Scalar(name), _:
            return _from_scalar(value, name)


def _from_scalar(value: Any, expected: str) -> Any:
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if expected == "string" and isinstance(value, bool):
        return str(value).lower()
    if expected == "string" and isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, (list, Mapping)) and expected != "any":
        return None
    if expected in ("integer", "number") and isinstance(value, str):
        return float(value) if "." in value else int(value)
    return value
