"""Policy documents as AWS reads them: JSON whose keys may be written in any case, texts for lists of one."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from falco_firelens.policy.kinds import DOCUMENTS
from falco_firelens.policy.rule import UNKNOWN, Check, Finding, Resource, items_of, keys_of

Statement = Mapping[str, Any]
"""What a document allows; its elements in lower case, such as `notaction`."""


class Unreadable(ValueError):  # noqa: N818 - says what the text is
    """A document that two readers could take for two things, or that is none."""


def parsed(document: object) -> object:
    """Return a document as a tree. Raises Unreadable."""
    if not isinstance(document, str) or not document.strip():
        return document
    try:
        return json.loads(document, object_pairs_hook=_once)
    except (json.JSONDecodeError, RecursionError):
        raise Unreadable("what is not JSON") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len({key.lower() for key in found}) < len(pairs):
        raise Unreadable("a key twice")
    return found


def folded(value: object) -> Mapping[str, Any]:
    """Return a mapping's keys in lower case and without underscores, as in `hostpid` for `hostPID` and `host_pid`."""
    keys = keys_of(value)
    if value is UNKNOWN:
        return keys
    return {key.lower().replace("_", ""): item for key, item in keys.items()}


def texts_of(value: object) -> Sequence[str]:
    """IAM takes a text for a list of one."""
    return [value] if isinstance(value, str) else [item for item in items_of(value) if isinstance(item, str)]


def statements(document: object) -> Iterator[tuple[str, Statement]]:
    """Yield what a document allows, each statement with its path; nothing while it is unknown. Raises Unreadable."""
    for index, statement in enumerate(map(folded, items_of(folded(parsed(document)).get("statement")))):
        if str(statement.get("effect")).lower() == "allow":
            yield f"[{statement.get('sid', index)}]", statement


def each_statement(check: Callable[[str, Statement], Iterator[Finding]]) -> Check:
    """Return a check of each statement of a resource's documents, its inline ones included."""
    return each_document(lambda path, found: (finding for one in found for finding in check(path + one[0], one[1])))


def each_document(
    check: Callable[[str, Sequence[tuple[str, Statement]]], Iterator[Finding]],
) -> Callable[[Resource], Iterator[Finding]]:
    """Return a check of all that a document allows, for each document of a resource."""

    def on(resource: Resource) -> Iterator[Finding]:
        for path, document in _documents(resource):
            try:
                found = list(statements(document))
            except Unreadable as error:
                yield Finding(path, str(error), "a policy document in which each key stands once")
            else:
                yield from check(path, found)

    return on


def _documents(resource: Resource) -> Iterator[tuple[str, object]]:
    name = DOCUMENTS[resource.type]
    yield name, resource.props.get(name)
    for inline in map(keys_of, items_of(resource.props.get("inlinePolicies"))):
        yield f"inlinePolicies.{inline.get('name')}", inline.get("policy")


def conditions(statement: Statement) -> Iterator[tuple[str, str, Sequence[object]]]:
    """Operator and key in lower case, and the values, of which one has to be met."""
    for operator, tests in keys_of(statement.get("condition")).items():
        for key, values in keys_of(tests).items():
            listed = cast("Sequence[object]", values if isinstance(values, list) else [values])
            yield operator.lower(), key.lower(), listed
