"""Exceptions of Falco rules, checked as Falco checks them when it loads rules."""

import re
from collections.abc import Iterator
from typing import Annotated, cast

import re2
from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator

from falco_firelens.settings.validation.errors import mistake
from falco_firelens.settings.validation.matching import Matching
from falco_firelens.settings.validation.model import Model
from falco_firelens.settings.validation.raw import items_of
from falco_firelens.settings.validation.scalars import Rewritten
from falco_firelens.settings.validation.wording import describe, describe_text, one_of

LIST_COMPARISONS = ("in", "intersects", "pmatch")

COMPARISONS = (
    *("=", "==", "!=", "<", "<=", ">", ">=", "contains", "icontains", "bcontains", "startswith", "bstartswith"),
    *("endswith", "glob", "iglob", "regex", *LIST_COMPARISONS),
)
"""https://falco.org/docs/concepts/rules/conditions/#operators, without `exists`, which compares with nothing."""

NUMERIC_COMPARISONS = ("<", "<=", ">", ">=")
HEX_COMPARISONS = ("bcontains", "bstartswith")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|[+-]?[0-9]+\.?[0-9]*([eE][+-][0-9]+)?")
"""The two patterns of numbers in https://github.com/falcosecurity/libs/blob/master/userspace/libsinsp/filter/parser.cpp."""

_FALCO_REGEX = re2.Options()
"""RE2's POSIX mode, as Falco compiles a `regex`: userspace/libsinsp/sinsp_filtercheck.cpp of the same repository."""
_FALCO_REGEX.posix_syntax = True
_FALCO_REGEX.longest_match = True
_FALCO_REGEX.log_errors = False

_INVALID = cast("type[Exception]", re2.error)


def _as_text(value: object) -> str:
    """Falco compares texts; a port or a user id may stand in YAML without quotes, if it is read as it is written."""
    if isinstance(value, Rewritten):
        raise mistake(f"a text: put it in quotes, or YAML makes {int(value)} of it", found=value.written)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise mistake("a text, a number or a list of them", found=describe(value))
    if re.search("[\0\ud800-\udfff]", text := str(value)):
        raise mistake("a text without NUL characters and halves of surrogate pairs", found=describe(value))
    return text


def _compared(value: object) -> object:
    items = items_of(value)
    return tuple(map(_as_text, items)) if isinstance(value, tuple) else _as_text(value)


_ONE = {"type": ["string", "integer"]}

Compared = Annotated[
    str | tuple[str, ...],
    BeforeValidator(_compared),
    WithJsonSchema({"anyOf": [_ONE, {"type": "array", "items": _ONE}]}),
]
"""What a field is compared with: a text, or a list of texts where the comparison takes one."""

FieldName = Annotated[
    str,
    Matching(
        r"""[a-z][a-z0-9_.]*(\[[^\s\[\]"'(),=]+\])?""",
        "the name of an event's field such as proc.name",
    ),
]


class RuleException(Model):
    """What a rule should stay silent about: https://falco.org/docs/concepts/rules/exceptions/."""

    rule: Annotated[str, Field(min_length=1)]
    """Name of the rule."""

    name: Annotated[str, Matching(r"[0-9A-Za-z_-]+", "letters, digits, hyphens and underscores")]
    """Name of the exception, unique in its rule."""

    fields: Annotated[tuple[FieldName, ...], Field(min_length=1)]
    """The fields of an event that are compared, such as `proc.name`."""

    comps: tuple[str, ...] = Field(default_factory=lambda data: ("=",) * len(data.get("fields", ())))
    """How each field is compared: `=`, `!=`, `<`, `<=`, `>`, `>=`, `contains`, `startswith`, `endswith`, `glob`,
    `regex`, `in`, `intersects`, `pmatch`, and a few more. Default: `=` for each."""

    values: Annotated[tuple[tuple[Compared, ...], ...], Field(min_length=1)]
    """Lists of one value a field. An event that agrees with all values of one list is not reported. With `in`,
    `intersects` and `pmatch` the value is a list itself. A value is the text as it stands, whatever characters it has;
    the name of a Falco list does not stand for the list's items. `regex` has to match the whole of the field."""

    @field_validator("comps")
    @classmethod
    def _one_comparison_a_field(cls, comps: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for comp in comps:
            if comp not in COMPARISONS:
                raise mistake(one_of(comp, COMPARISONS), found=describe(comp))
        fields = info.data.get("fields")
        if fields is not None and len(fields) != len(comps):
            raise mistake(f"one comparison a field, {len(fields)} of them")
        return comps

    @field_validator("values")
    @classmethod
    def _one_value_a_field(
        cls, values: tuple[tuple[str | tuple[str, ...], ...], ...], info: ValidationInfo
    ) -> tuple[tuple[str | tuple[str, ...], ...], ...]:
        fields, comps = info.data.get("fields"), info.data.get("comps")
        for index, value in enumerate(values):
            if fields is not None and len(value) != len(fields):
                raise mistake(f"one value a field, {len(fields)} of them", found=f"{len(value)} in [{index}]")
            if fields is not None and comps is not None:
                for position, (item, comp) in enumerate(zip(value, comps, strict=True)):
                    _check(item, comp, f"[{index}][{position}]")
        return values


def _check(item: str | tuple[str, ...], comp: str, where: str) -> None:
    """Whether a comparison takes this value."""
    takes_list = comp in LIST_COMPARISONS
    if isinstance(item, tuple) != takes_list:
        expected = "a list" if takes_list else "one value"
        raise mistake(f"{expected}, since {comp} compares with {expected}", found=f"{describe(item)} in {where}")
    if item == ():
        raise mistake("at least one value: nothing is in an empty list", found=f"an empty list in {where}")
    if isinstance(item, str):
        for expected in _problems(item, comp):
            raise mistake(expected, found=f"{describe_text(item)} in {where}")


def _problems(text: str, comp: str) -> Iterator[str]:
    if comp in NUMERIC_COMPARISONS and not _NUMBER.fullmatch(text):
        yield f"a number, for {comp} compares nothing else"
    if comp in HEX_COMPARISONS and not re.fullmatch("([0-9a-fA-F]{2})+", text):
        yield f"bytes as pairs of hexadecimal digits, for {comp} compares nothing else"
    if comp == "regex":
        try:
            re2.compile(text, _FALCO_REGEX)
        except _INVALID as error:
            reason: str = error.args[0].decode(errors="replace")
            yield f"a regular expression of RE2's POSIX syntax, which has [0-9] for \\d and no look-around ({reason})"
