"""The JSON filter patterns of CloudWatch Logs: `{ $.a.b = "text" && ($.n >= 5 || $.c = pre*) }`.

Selectors, `=` and `!=` with texts and `*`, the comparisons of numbers, `NOT EXISTS`, `&&`, `||` and parentheses; no
regular expressions, no arrays, no `IS NULL`. Names in selectors are letters, digits, `-` and `_`.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

import functools
import json
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Event = Mapping[str, Any]
Matches = Callable[[Event], bool]

_TOKEN: Final = re.compile(
    r'\s*(?:(?P<selector>\$(?:\.[A-Za-z0-9_-]+)+)(?![^\s=!<>&|)}])|(?P<text>"(?:[^"\\]|\\.)*")'
    r"|(?P<operator>&&|\|\||!=|>=|<=|[=<>(){}])|(?P<word>[A-Za-z0-9_.*-]+))"
)
_MISSING: Final = object()
_ORDERS: Final = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


class PatternError(ValueError):
    """A pattern that is not of this syntax."""


def value_at(event: Event, selector: str, missing: object = None) -> Any:
    """Return the value that a selector such as `$.cluster.name` leads to, `missing` where there is none."""
    value: Any = event
    for name in selector.split(".")[1:]:
        if not isinstance(value, Mapping) or name not in value:
            return missing
        value = value[name]  # pyright: ignore[reportUnknownVariableType]
    return value  # pyright: ignore[reportUnknownVariableType]


def event_of(message: str) -> Event:
    """Return a message as an event, which is empty where the message is not a JSON object."""
    try:
        value = json.loads(message)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]


@functools.lru_cache(maxsize=256)
def matcher(pattern: str) -> Matches:
    """Return a function that says whether a pattern matches an event.

    Raises PatternError.
    """
    parser = _Parser(_tokens(pattern))
    parser.take("{")
    matches = parser.either()
    parser.take("}")
    if parser.tokens:
        raise PatternError(f"found {parser.tokens[0]!r} after the end of {pattern!r}")
    return matches


def _tokens(pattern: str) -> list[str]:
    tokens: list[str] = []
    position = 0
    while pattern[position:].strip():
        token = _TOKEN.match(pattern, position)
        if token is None:
            raise PatternError(f"found {pattern[position:].strip()!r} in {pattern!r}, expected JSON filter syntax")
        tokens.append(token.group().strip())
        position = token.end()
    return tokens


@dataclass
class _Parser:
    tokens: list[str] = field(default_factory=list[str])

    def next(self) -> str:
        if not self.tokens:
            raise PatternError("the pattern ends too soon")
        return self.tokens.pop(0)

    def take(self, expected: str) -> None:
        if (found := self.next()) != expected:
            raise PatternError(f"found {found!r}, expected {expected!r}")

    def either(self) -> Matches:
        sides = [self.both()]
        while self.tokens and self.tokens[0] == "||":
            self.next()
            sides.append(self.both())
        return lambda event: any(side(event) for side in sides)

    def both(self) -> Matches:
        sides = [self.one()]
        while self.tokens and self.tokens[0] == "&&":
            self.next()
            sides.append(self.one())
        return lambda event: all(side(event) for side in sides)

    def one(self) -> Matches:
        first = self.next()
        if first == "(":
            inner = self.either()
            self.take(")")
            return inner
        if not first.startswith("$."):
            raise PatternError(f"found {first!r}, expected a selector such as $.rule")
        if self.tokens[:2] == ["NOT", "EXISTS"]:
            del self.tokens[:2]
            return lambda event: value_at(event, first, _MISSING) is _MISSING
        return _comparison(first, self.next(), self.next())


def _comparison(selector: str, comparison: str, operand: str) -> Matches:
    if comparison in ("=", "!="):
        wanted = operand[1:-1] if operand.startswith('"') else operand
        equal = _equal(selector, wanted)
        return equal if comparison == "=" else lambda event: not equal(event)
    if comparison not in _ORDERS or not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", operand):
        raise PatternError(f"found {comparison} {operand}, expected a comparison with a number or a text")
    return lambda event: (
        _is_number(value_at(event, selector)) and _ORDERS[comparison](value_at(event, selector), float(operand))
    )


def _equal(selector: str, wanted: str) -> Matches:
    shape = re.compile(".*".join(re.escape(part) for part in wanted.split("*")), re.DOTALL)

    def equal(event: Event) -> bool:
        value = value_at(event, selector)
        return isinstance(value, (str, int, float)) and shape.fullmatch(str(value)) is not None

    return equal


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
