"""YAML documents that a person wrote, each read as the program reads it that takes it in the end.

What cannot be read is one line, which never repeats the content. A key twice in one mapping is refused everywhere: the
engine refuses it, client-go takes the last, Falco the first, and nobody means it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import yaml

from falco_firelens.settings.validation.scalars import (
    NULL_WORDS,
    V2_WORDS,
    V3_WORDS,
    CannotDecodeError,
    Moment,
    Rewritten,
    as_json,
    as_key,
    resolve,
)
from falco_firelens.settings.validation.wording import describe_text

MOST_ALIASES = 0.99
"""Of all that a document unfolds to: yaml.v3 takes more for an attack once it is over a thousand values."""

MOST_ALIASED = 10_000
"""Values that aliases stand for in one document. yaml.v3's share alone lets ten long lines unfold to millions."""

MOST_VALUES = 100_000
"""More than a ConfigMap or a stack's state has room for as a list of short words, and a second of work."""

DEEPEST = 100
"""Levels of lists and mappings; no document of the three kinds has ten."""

LONGEST = 4 * 2**20
"""Characters: four times what Kubernetes keeps in one object, and so more than rules or a kubeconfig can have."""

# The parser of libyaml, from which the engine's comes: it takes a tab after a colon, as PyYAML's own does not.
_PARSER: Any = getattr(yaml, "CLoader", yaml.Loader)
_MERGE = "<<"


class DocumentError(ValueError):
    """A document that is not read; the message says what was found, and at which line."""

    expected: str = ""
    """What to write instead, where it can be said."""


class NotYaml(DocumentError):  # noqa: N818 - says what the text is
    """A text that is not YAML."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"not YAML: {problem}")
        self.problem = problem


class KeyTwice(DocumentError):  # noqa: N818
    """A mapping with one key twice. `lines` are where."""

    expected = "each key once"

    def __init__(self, key: str, first: int, second: int) -> None:
        self.lines = f"lines {first} and {second}"
        super().__init__(f"the key {describe_text(key)} twice, at {self.lines}")


def stack_tree(text: str) -> object:
    """Return a stack file as the engine reads it: its first document, None if it is empty. Raises DocumentError.

    Numbers are what a program gets of them, since the engine hands structured values on as JSON.
    """
    return next(_documents(text, _Dialect(_engine_scalar, _engine_key)), None)


def kubeconfig_tree(text: str) -> object:
    """Return a kubeconfig as client-go reads it. Raises DocumentError."""
    return next(_documents(text, _Dialect(_client_go_scalar, lambda text, _: text)), None)


def rules_trees(text: str) -> list[object]:
    """All documents of a rules file as Falco's yaml-cpp reads them: every scalar but null is a text.

    Raises DocumentError.
    """
    return list(_documents(text, _Dialect(_falco_scalar, lambda text, _: text, go=False)))


def _engine_scalar(text: str, tag: str) -> object:
    value = resolve(text, V3_WORDS, tag)
    if isinstance(value, Moment):
        return value.text
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    number = as_json(value)
    return Rewritten(number, text) if isinstance(number, int) and str(number) != text else number


def _engine_key(text: str, tag: str) -> str:
    value = resolve(text, V3_WORDS, tag)
    return value.text if isinstance(value, Moment) else as_key(value)


def _client_go_scalar(text: str, tag: str) -> object:
    value = resolve(text, V2_WORDS, tag)
    return text if isinstance(value, Moment) else value


def _falco_scalar(text: str, tag: str) -> object:
    """https://github.com/jbeder/yaml-cpp/blob/master/src/null.cpp. Falco asks no node for its tag."""
    return None if text in NULL_WORDS and not tag else text


@dataclass(frozen=True)
class _Dialect:
    """How a program reads YAML: what a scalar with a tag is as a value and as a key, and whether it is Go's reader.

    Those follow merge keys, and end a plain scalar between brackets at a question mark.
    """

    scalar: Callable[[str, str], object]
    key: Callable[[str, str], str]
    go: bool = True


def _documents(text: str, dialect: _Dialect) -> Iterator[object]:
    if len(text) > LONGEST:
        raise DocumentError(f"a text of {len(text)} characters, of which {LONGEST} are read")
    try:
        yield from _Reader(text, dialect).documents()
    except yaml.MarkedYAMLError as error:
        line = f" at line {error.problem_mark.line + 1}" if error.problem_mark else ""
        problem = f"{error.problem}{line}"
    except DocumentError:
        raise
    except (yaml.YAMLError, ValueError, RecursionError):
        problem = "a character or number that cannot be read"
    else:
        return
    raise NotYaml(problem)


@dataclass(frozen=True)
class _Anchored:
    value: object
    weight: int
    """Of how many values it is made."""


class _Reader:
    """Makes values of the parser's events."""

    def __init__(self, text: str, dialect: "_Dialect") -> None:
        self._events: Iterator[Any] = yaml.parse(text, _PARSER)
        self._dialect = dialect
        self._anchors: dict[str, _Anchored] = {}
        self._values = self._aliased = self._brackets = self._depth = 0

    def documents(self) -> Iterator[object]:
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                self._anchors = {}
                yield self._value(next(self._events))

    def _value(self, event: Any) -> object:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        before = self._values
        self._count(1, event)
        # Without the anchor, what is below cannot name it: a value never holds itself.
        self._anchors.pop(event.anchor, None)
        value = self._made(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(value, self._values - before)
        return value

    def _made(self, event: Any) -> object:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar_of(event)
        self._brackets += bool(event.flow_style)
        self._depth += 1
        if self._depth > DEEPEST:
            raise DocumentError(f"more than {DEEPEST} levels at {_line(event)}")
        sequence = isinstance(event, yaml.SequenceStartEvent)
        value = list(self._below(yaml.SequenceEndEvent)) if sequence else self._mapping()
        self._depth -= 1
        self._brackets -= bool(event.flow_style)
        return value

    def _below(self, end: type[Any]) -> Iterator[object]:
        for event in self._events:
            if isinstance(event, end):
                return
            yield self._value(event)

    def _alias(self, event: Any) -> object:
        known = self._anchors.get(event.anchor)
        if known is None:
            raise DocumentError(f"an alias of nothing at {_line(event)}")
        self._aliased += known.weight
        self._count(known.weight, event)
        most = MOST_ALIASES * self._values if self._values > 1000 else MOST_ALIASED
        if self._aliased > min(most, MOST_ALIASED):
            raise DocumentError(f"aliases that unfold to far too much at {_line(event)}")
        return known.value

    def _count(self, values: int, event: Any) -> None:
        self._values += values
        if self._values > MOST_VALUES:
            raise DocumentError(f"more than {MOST_VALUES} values at {_line(event)}")

    def _scalar_of(self, event: Any, *, key: bool = False) -> Any:
        tag = event.tag if event.tag not in (None, "!") else ""
        if not _is_plain(event) and not tag:
            return event.value
        if self._dialect.go and self._brackets and _is_plain(event) and "?" in event.value:
            raise DocumentError(f"a question mark without quotes between brackets at {_line(event)}")
        try:
            return (self._dialect.key if key else self._dialect.scalar)(event.value, tag)
        except CannotDecodeError as error:
            raise DocumentError(f"{error} at {_line(event)}") from None

    def _mapping(self) -> Mapping[str, object]:
        found: dict[str, object] = {}
        merged: list[object] = []
        lines: dict[str, int] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            merge = _is_merge(event)
            key = _MERGE if merge else self._key(event)
            if key in lines:
                raise KeyTwice(key, lines[key], event.start_mark.line + 1)
            lines[key] = event.start_mark.line + 1
            value = self._value(next(self._events))
            if merge:
                merged = self._to_merge(value, event)
            else:
                found[key] = value
        whole: dict[str, object] = {}
        for other in (*reversed(merged), found):  # the first of several wins, and what the mapping says itself over all
            whole.update(cast("Mapping[str, object]", other))
        return whole

    def _key(self, event: Any) -> str:
        """Return a key as the engine writes it into JSON; no program here takes a list or a mapping for one."""
        if isinstance(event, yaml.ScalarEvent) and event.value == _MERGE and self._dialect.go:
            # The engine rewrites a stack file, without these quotes, before it reads it for good.
            raise DocumentError(f"the key << in quotes at {_line(event)}, which the engine merges anyway")
        if isinstance(event, yaml.ScalarEvent) and event.anchor is None:
            return self._scalar_of(event, key=True)
        key = self._value(event)
        if not isinstance(key, str):
            raise DocumentError(f"a key that is no text at {_line(event)}")
        return key

    def _to_merge(self, value: object, event: Any) -> list[object]:
        if not self._dialect.go:
            raise DocumentError(f"a merge key (<<) at {_line(event)}, which Falco does not follow")
        items = cast("list[object]", value) if isinstance(value, list) else [value]
        if not all(isinstance(item, Mapping) for item in items):
            raise DocumentError(f"a merge key (<<) without a mapping at {_line(event)}")
        return items


def _is_merge(event: Any) -> bool:
    plain = isinstance(event, yaml.ScalarEvent) and event.value == _MERGE and _is_plain(event)
    return plain and event.tag in (None, "!", "tag:yaml.org,2002:merge")


def _is_plain(event: Any) -> bool:
    """Whether a scalar has no quotes and is no block."""
    return event.style not in ('"', "'", "|", ">")


def _line(event: Any) -> str:
    return f"line {event.start_mark.line + 1}"
