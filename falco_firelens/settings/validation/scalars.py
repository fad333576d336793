"""What a plain scalar of YAML means to the program that reads it in the end.

The engine reads stack files by yaml.v3: https://github.com/go-yaml/yaml/blob/v3.0.1/resolve.go. client-go reads
kubeconfigs by yaml.v2, which has more words for true and false. Neither is what PyYAML does, which follows YAML 1.1.
"""

import base64
import binascii
import calendar
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

NULL_WORDS = frozenset(("", "~", "null", "Null", "NULL"))

_TRUE, _FALSE = ("true", "True", "TRUE"), ("false", "False", "FALSE")
_YES = ("y", "Y", "yes", "Yes", "YES", "on", "On", "ON")
_NO = ("n", "N", "no", "No", "NO", "off", "Off", "OFF")

V3_WORDS: Mapping[str, bool] = dict.fromkeys(_TRUE, True) | dict.fromkeys(_FALSE, False)
V2_WORDS: Mapping[str, bool] = {**V3_WORDS, **dict.fromkeys(_YES, True), **dict.fromkeys(_NO, False)}

_FLOAT_WORDS = {
    f"{sign}.{word}": math.copysign(math.inf, -1 if sign == "-" else 1)
    for sign in ("", "+", "-")
    for word in ("inf", "Inf", "INF")
} | dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan)

_INTEGER = re.compile(r"[-+]?(0[bB][01]+|0[oO]?[0-7]+|0[xX][0-9a-fA-F]+|0|[1-9][0-9]*)")
"""Go's ParseInt with base 0. A leading zero alone makes octal, so `098` is none."""

_SIGNED_AFTER_PREFIX = re.compile(r"0(?:b(?P<binary>[-+][01]+)|o(?P<octal>[-+][0-7]+))")
"""yaml.v3 cuts off `0b` and `0o` and parses what is left, a sign included."""

_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_FRACTION = re.compile(r"\.[0-9]+(_[0-9]+)*([eE][-+]?[0-9]+(_[0-9]+)*)?")

_TIMESTAMP = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
    r"(?P<time>[Tt ](?P<hour>\d{1,2}):(?P<minute>\d{1,2}):(?P<second>\d{1,2})([.,](?P<fraction>\d+))?"
    r"(?P<zone>Z|[-+]\d\d:\d\d)?)?",
    re.ASCII,
)

_TAG = "tag:yaml.org,2002:"


class CannotDecodeError(ValueError):
    """A scalar whose tag says what it is not, such as `!!int five`."""


@dataclass(frozen=True)
class Moment:
    """A date or time without quotes; `text` is what the engine hands to a program in its place."""

    text: str


class Rewritten(int):
    """A whole number that a person wrote in another way, such as `0755`: a program gets `493`."""

    written: str

    def __new__(cls, value: int, written: str) -> "Rewritten":
        """`written` is what stands in the file."""
        number = super().__new__(cls, value)
        number.written = written
        return number


Scalar = str | bool | int | float | Moment | None


def resolve(text: str, words: Mapping[str, bool] = V3_WORDS, tag: str = "") -> Scalar:
    """Return what a scalar without quotes, or one with a tag, is to yaml.v3; with V2_WORDS, to yaml.v2.

    Raises CannotDecodeError.
    """
    kind = tag.removeprefix(_TAG)
    if kind == "binary":
        return _decoded(text)
    if tag and kind not in ("bool", "int", "float", "null", "timestamp"):
        return text
    value = _resolve(text, words, timestamps=kind in ("", "timestamp"))
    if kind == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind and kind != _kind(value):
        raise CannotDecodeError(f"a value with the tag !!{kind} that is none")
    return value


def as_json(value: float) -> int | float:
    """Return a number after the engine has handed it on as JSON and Python has read that: `1e5` is 100000.

    Raises CannotDecodeError for what JSON does not have.
    """
    if not math.isfinite(value):
        raise CannotDecodeError("a number that JSON does not have (infinity or .nan)")
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return value
    number = float(value)
    # Go writes exponents from 1e21 on, which Python reads as a float.
    return int(Decimal(repr(number))) if number.is_integer() and abs(number) < 1e21 else number


def as_key(value: Scalar) -> str:
    """Return what Go's %v makes of a key that is no text."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and -(2**63) <= value < 2**64:
        return str(int(value))
    return _go_float(float(value)) if isinstance(value, int | float) else str(value)


def _go_float(value: float) -> str:
    """Go's %g: an exponent from 1e6 on, of at least two digits; https://pkg.go.dev/strconv#FormatFloat."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{'+' if value > 0 else '-'}Inf"
    digits, exponent = Decimal(repr(value)).normalize().as_tuple()[1:]
    assert isinstance(exponent, int)
    power = len(digits) + exponent - 1
    if value == 0:
        return "0"
    if -5 < power < 6:
        return f"{Decimal(repr(value)).normalize():f}"
    text = "".join(map(str, digits))
    mantissa = f"{text[0]}.{text[1:]}" if text[1:] else text
    return f"{'-' if value < 0 else ''}{mantissa}e{'-' if power < 0 else '+'}{abs(power):02}"


def _resolve(text: str, words: Mapping[str, bool], *, timestamps: bool) -> Scalar:
    if text in NULL_WORDS:
        return None
    if text in words:
        return words[text]
    if text in _FLOAT_WORDS:
        return _FLOAT_WORDS[text]
    if text[0] == ".":
        return _finite(text) if _FRACTION.fullmatch(text) else text
    if text[0] not in "+-0123456789":
        return text
    moment = _moment(text) if timestamps else None
    return moment or _number(text)


def _number(text: str) -> str | int | float:
    plain = text.replace("_", "")
    if _INTEGER.fullmatch(plain):
        value = _integer(plain)
        if -(2**63) <= value < (2**63 if plain[0] in "+-" else 2**64):
            return value
    if _FLOAT.fullmatch(plain):
        return _finite(plain, text)
    signed = _SIGNED_AFTER_PREFIX.fullmatch(plain)
    if signed:
        value = int(signed["binary"], 2) if signed["binary"] else int(signed["octal"], 8)
        return value if -(2**63) <= value < 2**63 else text
    return text


def _integer(plain: str) -> int:
    sign, digits = (-1 if plain[0] == "-" else 1), plain.lstrip("+-").lower()
    bases = {"0b": 2, "0o": 8, "0x": 16}
    base = bases.get(digits[:2], 8 if digits[0] == "0" and len(digits) > 1 else 10)
    return sign * int(digits, base)


def _finite(plain: str, text: str | None = None) -> str | float:
    """Return a number; one that is too large for Go stays a text."""
    value = float(plain.replace("_", ""))
    return value if math.isfinite(value) else text or plain


def _moment(text: str) -> Moment | None:
    """Return a timestamp in one of the forms that yaml.v3 knows, written as Go's Time.String writes it."""
    found = _TIMESTAMP.fullmatch(text)
    if not found or (found["time"] and (found["time"][0] == " ") is (found["zone"] is not None)):
        return None
    year, month, day, hour, minute, second = (
        int(found[name] or 0) for name in ("year", "month", "day", "hour", "minute", "second")
    )
    if not (1 <= month <= 12 and 1 <= day <= _days(year, month) and hour < 24 and minute < 60 and second < 60):
        return None
    zone = (found["zone"] or "Z").replace("Z", "+00:00").replace(":", "")
    if int(zone[1:3]) > 24 or int(zone[3:]) > 60:
        return None
    fraction = (found["fraction"] or "")[:9].rstrip("0")
    name = "UTC" if zone in ("+0000", "-0000") else zone
    return Moment(
        f"{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}{'.' if fraction else ''}{fraction}"
        f" {'+0000' if name == 'UTC' else zone} {name}"
    )


def _days(year: int, month: int) -> int:
    leap = 29 if calendar.isleap(year) else 28
    return leap if month == 2 else 30 if month in (4, 6, 9, 11) else 31


def _decoded(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split("\n")), validate=True).decode(errors="replace")
    except (binascii.Error, ValueError):
        raise CannotDecodeError("a value with the tag !!binary that is not base64") from None


def _kind(value: Scalar) -> str:
    kinds: Mapping[type, str] = {bool: "bool", int: "int", float: "float", type(None): "null", Moment: "timestamp"}
    return kinds.get(type(value), "str")
