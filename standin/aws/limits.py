"""Limits that AWS publishes and no model of a call has, read from a data file that the stand-in is given by path.

An entry says in which parameter of which calls the limit is, in what unit it is measured, and where AWS publishes it.
"""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jmespath
import yaml

from standin.aws.check import Failure

ANY = "any"
"""In place of a service: every one. Its only parameter is `tags`, in whatever form a call takes them."""

UNITS: Mapping[str, Callable[[Any], float]] = {
    "base64-decoded bytes": lambda value: len(base64.b64decode(value)),
    "bytes": lambda value: len(value.encode()),
    "bytes of JSON": lambda value: len(json.dumps(value, separators=(",", ":")).encode()),
    "characters": len,
    "characters without white space": lambda value: len(re.sub(r"\s", "", value)),
    "entries": len,
    "keys that differ by case only": lambda value: len(value) - len({one.casefold() for one in value}),
    "number": float,
    "one each": lambda value: 1,
}


@dataclass(frozen=True)
class Limit:
    """One entry of the file."""

    id: str
    service: str
    calls: Mapping[str, str]
    """Where the value is in the parameters of each call, in JMESPath."""
    source: str
    error: str | None = None
    """The code of AWS's error; None for the one by which the call refuses parameters."""
    json: str | None = None
    """Where the values are inside the parameter, which is a JSON text: JMESPath of a list of them."""
    pattern: str | None = None
    """What a text has to match as a whole."""
    never: str | None = None
    """How a text must not begin."""
    unit: str = "characters"
    of: str | None = None
    """Counts the places in the value's JSON that match this, in place of `unit`."""
    least: float | None = None
    most: float | None = None
    default: bool = False
    """Whether AWS raises the limit on request."""
    total: Mapping[str, str] = field(default_factory=dict[str, str])
    """For a limit on the sum over several calls: `by` names the parameter that they share, `key` that in which they
    differ."""

    def values(self, operation: str, parameters: Mapping[str, Any]) -> Iterator[Any]:
        """Yield the values that the limit is on."""
        if operation not in self.calls and ANY not in self.calls:
            return
        if self.service == ANY:
            yield from (_of_tags(found, self.calls[ANY]) for found in _tags(parameters))
            return
        value = jmespath.search(self.calls[operation], parameters)
        if value is None:
            return
        yield from (one for one in jmespath.search(self.json, json.loads(value)) or ()) if self.json else (value,)

    def measure(self, value: Any) -> float:
        """How much of it a value is."""
        if self.of:
            return len(re.findall(self.of, json.dumps(value)))
        return UNITS[self.unit](value)

    def reasons(self, value: Any) -> Iterator[str]:
        """In what a value breaks it."""
        for text in value if isinstance(value, list) else [value]:
            if self.pattern and not re.fullmatch(self.pattern, text):
                yield f"must match {self.pattern}, which '{text}' does not"
            if self.never and re.match(self.never, text):
                yield f"must not begin with {self.never}, as '{text}' does"
        if not self.total and (self.least is not None or self.most is not None):
            yield from self.size_reasons(self.measure(value))

    def size_reasons(self, size: float) -> Iterator[str]:
        """In what a measured size breaks it."""
        unit = f"places that match {self.of}" if self.of else self.unit
        if self.least is not None and size < self.least:
            yield f"must have at least {self.least:g} {unit}, has {size:g}"
        if self.most is not None and size > self.most:
            yield f"must have at most {self.most:g} {unit}, has {size:g}"


Earlier = Callable[[Limit, Mapping[str, Any]], Mapping[str, float]]
"""What already counts toward a total: the size of each part, by its key."""


@dataclass(frozen=True)
class Limits:
    """The entries of a file."""

    entries: tuple[Limit, ...] = ()

    def of_totals(self, service: str) -> Iterator[Limit]:
        """Return a service's limits on the sum over several calls."""
        return (limit for limit in self.entries if limit.total and limit.service == service)

    def broken(
        self, service: str, operation: str, parameters: Mapping[str, Any], earlier: Earlier
    ) -> Iterator[tuple[Limit, Failure]]:
        """Yield the limits that a request breaks, with the parameter that breaks each."""
        for limit in self.entries:
            if limit.service not in (service, ANY):
                continue
            path = limit.calls.get(operation) or limit.calls.get(ANY, "")
            for value in limit.values(operation, parameters):
                reasons = [*limit.reasons(value)]
                if limit.total:
                    parts = {**earlier(limit, parameters), part_of(limit, parameters): limit.measure(value)}
                    reasons += limit.size_reasons(sum(parts.values()))
                for reason in reasons:
                    yield limit, Failure(path, f"{reason} ({limit.id}, {limit.source})")


def part_of(limit: Limit, parameters: Mapping[str, Any]) -> str:
    """Return the key of the part of a total that a request writes."""
    return str(parameters[limit.total["key"]])


def load(path: Path) -> Limits:
    """Read a file of limits."""
    entries: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Limits(tuple(Limit(id=name, **values) for name, values in entries.items()))


def _tags(parameters: Mapping[str, Any]) -> Iterator[Mapping[str, str]]:
    """Every set of tags in a request, in the three forms in which services take them."""
    for name, value in parameters.items():
        if name.lower() in ("tags", "taglist", "tagset", "tagstoadd") and value:
            yield dict(_pairs(value))
        elif isinstance(value, Mapping):
            yield from _tags(value)
        elif isinstance(value, list):
            yield from (found for one in value if isinstance(one, Mapping) for found in _tags(one))


def _pairs(found: Any) -> Iterable[tuple[str, str]]:
    if isinstance(found, Mapping):
        return found.items()
    keyed = ({name.lower().removeprefix("tag"): text for name, text in one.items()} for one in found)
    return [(one["key"], one.get("value") or "") for one in keyed]


def _of_tags(found: Mapping[str, str], what: str) -> Any:
    return {"keys": list(found), "values": list(found.values())}[what]
