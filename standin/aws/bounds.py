"""What botocore's model of a call says that its own validation does not ask: enums, patterns, lengths, sizes, ranges.

botocore sends what breaks them, and leaves the refusal to AWS; moto refuses little of it. Here every request is held
against the model before it is sent.
"""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownMemberType=false

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from standin.aws.check import Failure

LONGEST_SHOWN = 80
SURROGATES = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
"""A character beyond the first plane, as Java and ECMAScript write it in a pattern."""

MODEL_ERRORS: Mapping[tuple[str, str], str] = {}
"""Shapes, by service and name, whose enum or pattern is stricter than AWS itself, each with its source."""

REFUSALS = (
    "ValidationException",
    "InvalidParameterException",
    "InvalidParameterValueException",
    "InvalidInputException",
    "InvalidRequestException",
)
"""By which of its errors a call refuses a parameter: the first of these that the model lists for it."""
BY_PROTOCOL = {"query": "ValidationError", "smithy-rpc-v2-cbor": "ValidationError", "ec2": "InvalidParameterValue"}
"""Where the model lists none: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CommonErrors.html and
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html. All other services say
ValidationException: https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html."""
BY_CALL = {
    ("cloudwatch", "PutDashboard"): "InvalidParameterInput",
    ("s3", ""): "InvalidArgument",
    ("sns", ""): "InvalidParameter",
    ("sqs", ""): "InvalidParameterValue",
}
"""What the services' own lists of errors say: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html,
https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html,
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html."""


def refusal(service: str, operation: Any) -> str:
    """Return the code of the error by which a call refuses a parameter."""
    listed = {shape.metadata.get("error", {}).get("code") or shape.name for shape in operation.error_shapes}
    by_call = BY_CALL.get((service, operation.name)) or BY_CALL.get((service, ""))
    by_protocol = BY_PROTOCOL.get(operation.service_model.metadata.get("protocol"), REFUSALS[0])
    return by_call or next((code for code in REFUSALS if code in listed), by_protocol)


def refuse(operation: str, code: str, failures: Iterable[Failure]) -> None:
    """Raise for the first failure; do nothing if there is none.

    Raises ClientError with the service's code, in AWS's own words.
    """
    found = [f"{failure.path} {failure.reason}" for failure in failures]
    if found:
        count = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected"
        raise ClientError({"Error": {"Code": code, "Message": f"{count}: {'; '.join(found)}"}}, operation)


def failures(service: str, value: Any, shape: Any, path: str = "") -> Iterator[Failure]:
    """Everything in a value that breaks its shape; values of another type are left to botocore's own validation."""
    match shape.type_name:
        case "structure" if isinstance(value, Mapping) and not shape.is_document_type:
            for name in value.keys() & shape.members.keys():
                yield from failures(service, value[name], shape.members[name], f"{path}.{name}" if path else name)
        case "list" if isinstance(value, (list, tuple)):
            yield from _size(len(value), shape, path, "size")
            for index, item in enumerate(value):
                yield from failures(service, item, shape.member, f"{path}[{index}]")
        case "map" if isinstance(value, Mapping):
            yield from _size(len(value), shape, path, "size")
            for key, item in value.items():
                yield from failures(service, key, shape.key, f"{path}.{key} (key)")
                yield from failures(service, item, shape.value, f"{path}.{key}")
        case "string" if isinstance(value, str):
            yield from _text(service, value, shape, path)
        case "integer" | "long" | "float" | "double" if isinstance(value, (int, float)):
            yield from _size(value, shape, path, "value")
        case "blob" if isinstance(value, bytes):
            yield from _size(len(value), shape, path, "size")
        case _:
            return


def _text(service: str, value: str, shape: Any, path: str) -> Iterator[Failure]:
    yield from _size(len(value), shape, path, "length")
    if (service, shape.name) in MODEL_ERRORS:
        return
    shown = "" if shape.metadata.get("sensitive") else f" '{_short(value)}'"
    if shape.enum and value not in shape.enum:
        yield Failure(path, f"must not be{shown or ' this'}; the model takes {', '.join(shape.enum)}")
    pattern = shape.metadata.get("pattern")
    # AWS matches the whole value, as Java's `matches` does; older models leave the anchors out:
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
    if pattern and not compiled(pattern).fullmatch(value):
        yield Failure(path, f"must match {pattern}, which{shown or ' it'} does not")


def _size(size: float, shape: Any, path: str, what: str) -> Iterator[Failure]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield Failure(path, f"must have a {what} of at least {least}, has {size}")
    if most is not None and size > most:
        yield Failure(path, f"must have a {what} of at most {most}, has {size}")


@functools.cache
def compiled(pattern: str) -> Any:
    """Compile a model's pattern. They are written for Java and ECMAScript: the package `regex` reads what `re` does
    not.
    """
    import regex

    return regex.compile(SURROGATES.sub(_character, pattern))


def _character(pair: re.Match[str]) -> str:
    high, low = (int(half, 16) for half in pair.groups())
    return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))


def _short(value: str) -> str:
    return value if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]}…"
