"""Plain Python values to and from the protobuf structs of Pulumi's ResourceProvider protocol.

The stand-in does not announce `acceptSecrets`, as the real provider does not: the engine then takes secrets off what it
sends and marks properties of the same name in the answer, so no value loses its secrecy here.
Unknown values stay the protocol's sentinel string, so that they can be compared and passed on like any other.
"""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false

from collections.abc import Mapping
from typing import Any

from google.protobuf import struct_pb2

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Stands for a value that is known only after the update (pulumi/sdk/go/common/resource/plugin/rpc.go)."""
SIGNATURE = "4dabf18193072939515e22adb298388d"
"""Key that says an object is not a plain map but an asset, an archive, a secret or a reference."""
SECRET = "1b47061264138c4ac30d75fd1eb44270"
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
ASSET = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"


def decode(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Return a struct as a dict; nulls mean absent, whole numbers become int, secrets and outputs are opened."""
    return {key: _decode(value) for key, value in struct.fields.items() if value.WhichOneof("kind") != "null_value"}


def _decode(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "struct_value":
            fields = decode(value.struct_value)
            if fields.get(SIGNATURE) in (SECRET, OUTPUT):
                return fields.get("value", UNKNOWN)
            return fields
        case "list_value":
            return [_decode(item) for item in value.list_value.values]
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "bool_value":
            return value.bool_value
        case "string_value":
            return value.string_value
        case _:
            return None


def encode(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """Return a dict as a struct; None entries are left out.

    Raises TypeError for a value that JSON could not carry either.
    """
    return struct_pb2.Struct(fields={key: _encode(value) for key, value in values.items() if value is not None})


def _encode(value: Any) -> struct_pb2.Value:
    if value is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    if isinstance(value, bool):
        return struct_pb2.Value(bool_value=value)
    if isinstance(value, (int, float)):
        return struct_pb2.Value(number_value=value)
    if isinstance(value, str):
        return struct_pb2.Value(string_value=value)
    if isinstance(value, Mapping):
        return struct_pb2.Value(struct_value=encode(value))
    if isinstance(value, (list, tuple)):
        items: Any = value
        return struct_pb2.Value(list_value=struct_pb2.ListValue(values=[_encode(item) for item in items]))
    raise TypeError(f"{type(value).__name__} cannot be sent to the engine")


def has_unknown(value: Any) -> bool:
    """Whether an unknown value is anywhere inside."""
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return value == UNKNOWN
