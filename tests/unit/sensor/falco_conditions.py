"""Reads rules files with exceptions as Falco does, and tells which events they silence.

Written after Falco's source, for machines without Falco; tests/pipeline/test_exceptions.py holds the real one to the
same answers. Not here: other comparisons than those below, macros, transformers, and the types of fields.
- userspace/engine/rule_loader_compiler.cpp: how exceptions become part of a condition, and how lists are put into it
- userspace/libsinsp/filter/parser.cpp and escaping.cpp of falcosecurity/libs: the grammar
"""

import fnmatch
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import re2
import yaml

Event = Mapping[str, str]

BLANKS = " \t\b\r\n"
BARE = re.compile(r"""[^()"'\s=,]+""")
NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|[+-]?[0-9]+\.?[0-9]*([eE][+-][0-9]+)?")
FIELD = re.compile(r"""[a-zA-Z]+[a-zA-Z0-9_]*(\.[a-zA-Z]+[a-zA-Z0-9_]*)+(\[[^\]\["'\s]+\])?""")
WORD = re.compile(r"[a-zA-Z]+[a-zA-Z0-9_]*")
ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", " ": "\\", "\\": "\\", "/": "/"}

NUMERIC = {"<=": operator.le, "<": operator.lt, ">=": operator.ge, ">": operator.gt}
LISTS = ("intersects", "in", "pmatch")
SYMBOLS = ("==", "=", "!=")
WORDS = ("glob", "iglob", "contains", "icontains", "startswith", "endswith", "regex")


class ParseError(ValueError):
    """Falco would end."""


def silenced(rule: str, files: Iterable[str], event: Event) -> bool:
    """Whether the exceptions of a rule in rules files, in their order, keep an event from being reported."""
    items: list[dict[str, Any]] = [item for text in files for item in yaml.safe_load(text)]
    lists = {str(item["list"]): [str(value) for value in item["items"]] for item in items if "list" in item}
    condition = "(evt.type exists)"
    for item in items:
        if item.get("rule") == rule:
            condition += "".join(map(_exception, item.get("exceptions", ())))
    for name, values in lists.items():
        condition = _resolve(condition, name, values)
    return not _Parser(condition).parse()({"evt.type": "execve", **event})


def _quote_item(text: str) -> str:
    return f'"{text}"' if " " in text and text[0] not in "\"'" else text


def _exception(exception: Mapping[str, Any]) -> str:
    choices: list[str] = []
    for value in exception["values"]:
        parts: list[str] = []
        for field, comp, part in zip(exception["fields"], exception["comps"], value, strict=True):
            if isinstance(part, list):
                written = f"({', '.join(map(_quote_item, map(str, cast('list[object]', part))))})"
            elif comp in LISTS:
                written = part if part.startswith("(") else f"({part})"
            else:
                written = _quote_item(str(part))
            parts.append(f" {field} {comp} {written}")
        choices.append(f"({' and '.join(parts)})")
    return f" and not ({' or '.join(choices)})"


def _resolve(condition: str, name: str, values: list[str]) -> str:
    """Between delimiters or ends, blanks around it go; also in a text between quotation marks."""
    pattern = re.compile(rf"(?:(?<=[ \t\n\r(),=])|^)[ \t\n\r]*{re.escape(name)}[ \t\n\r]*(?=[(),=]|$|(?<=[ \t\n\r]))")
    return pattern.sub(lambda _: f" {', '.join(map(_quote_item, values))} ", condition)


class _Parser:
    """By recursive descent. Each rule returns the test of an event."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0

    def parse(self) -> Callable[[Event], bool]:
        test = self._or()
        if self._at != len(self._text):
            raise ParseError(f"unexpected token, expecting 'or', 'and': {self._text[self._at :]}")
        return test

    def _or(self) -> Callable[[Event], bool]:
        tests = [self._and()]
        while self._take("or"):
            tests.append(self._and())
        return lambda event: any(test(event) for test in tests)

    def _and(self) -> Callable[[Event], bool]:
        tests = [self._not()]
        while self._take("and"):
            tests.append(self._not())
        return lambda event: all(test(event) for test in tests)

    def _not(self) -> Callable[[Event], bool]:
        if self._take("not"):
            test = self._not()
            return lambda event: not test(event)
        if self._take("("):
            test = self._or()
            self._need(")")
            return test
        return self._check()

    def _check(self) -> Callable[[Event], bool]:
        field = self._match(FIELD) or self._fail("a field check")
        if self._take("exists"):
            return lambda event: field in event
        for symbol, compare in NUMERIC.items():
            if self._take(symbol):
                number = float(int(text, 0) if "x" in (text := self._number().lower()) else float(text))
                return lambda event: field in event and compare(float(event[field]), number)
        for name in LISTS:
            if self._take(name):
                values = self._list()
                return lambda event: field in event and _in(name, event[field], values)
        for name in (*SYMBOLS, *WORDS):
            if self._take(name, blank=name in WORDS):
                text = self._value()
                return lambda event: field in event and _agrees(name, event[field], text)
        return self._fail("a valid check operator")

    def _number(self) -> str:
        return self._match(NUMBER) or self._fail("a number value")

    def _list(self) -> list[str]:
        self._need("(")
        if self._take(")"):
            return []
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        self._need(")")
        return values

    def _value(self) -> str:
        self._skip()
        if self._text[self._at : self._at + 1] in ('"', "'"):
            return self._quoted()
        return self._match(BARE) or self._fail("a string value")

    def _quoted(self) -> str:
        mark, before = self._text[self._at], "\\"
        for end in range(self._at, len(self._text)):
            if self._text[end] == mark and before != "\\":
                raw = self._text[self._at + 1 : end]
                self._at = end + 1
                return _unescaped(raw, mark)
            before = self._text[end]
        return self._fail("the end of a quoted string")

    def _skip(self) -> None:
        while self._text[self._at : self._at + 1] and self._text[self._at] in BLANKS:
            self._at += 1

    def _take(self, token: str, *, blank: bool = False) -> bool:
        self._skip()
        end = self._at + len(token)
        if not self._text.startswith(token, self._at) or (blank and self._text[end : end + 1] not in tuple(BLANKS)):
            return False
        self._at = end
        return True

    def _need(self, token: str) -> None:
        if not self._take(token):
            self._fail(f"a '{token}' token")

    def _match(self, pattern: re.Pattern[str]) -> str | None:
        self._skip()
        if found := pattern.match(self._text, self._at):
            self._at = found.end()
            return found[0]
        return None

    def _fail(self, expected: str) -> Any:
        raise ParseError(f"expected {expected} at {self._text[self._at :]!r}")


def _unescaped(raw: str, mark: str) -> str:
    text, characters = "", iter(raw)
    for character in characters:
        if character == "\\":
            escape = next(characters)
            if escape not in ESCAPES and escape != mark:
                raise ParseError(f"unsupported string escape sequence: \\{escape}")
            character = ESCAPES.get(escape, escape)
        text += character
    return text


def _agrees(name: str, found: str, text: str) -> bool:
    if name == "regex":
        options = re2.Options()
        options.posix_syntax = options.longest_match = True
        return re2.compile(text, options).fullmatch(found) is not None
    tests: dict[str, Callable[[], bool]] = {
        "=": lambda: found == text,
        "==": lambda: found == text,
        "!=": lambda: found != text,
        "contains": lambda: text in found,
        "icontains": lambda: text.lower() in found.lower(),
        "startswith": lambda: found.startswith(text),
        "endswith": lambda: found.endswith(text),
        "glob": lambda: fnmatch.fnmatchcase(found, text),
        "iglob": lambda: fnmatch.fnmatchcase(found.lower(), text.lower()),
    }
    return tests[name]()


def _in(name: str, found: str, values: list[str]) -> bool:
    if name == "pmatch":
        return any(f"{found}/".startswith(f"{value.rstrip('/')}/") for value in values)
    return found in values
