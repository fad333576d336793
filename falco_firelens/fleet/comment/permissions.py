"""IAM documents compared by what they allow and deny, not by how they are written."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, cast

from falco_firelens.fleet.comment.grants import GRANTS
from falco_firelens.fleet.comment.scope import Condition, Permission, Scope, power_of
from falco_firelens.fleet.comment.values import LATER, listed, text_of
from falco_firelens.fleet.results import SECRET, UNKNOWN, Change
from falco_firelens.policy.actions import Power
from falco_firelens.policy.kinds import ATTACHMENTS, DOCUMENTS


@dataclass(frozen=True)
class Line:
    """Actions that become allowed, denied, or neither any more, in one scope; the most powerful action first.

    `known` are conditions with values that were there before, or are still there where something is taken away.
    """

    words: str
    actions: Sequence[str]
    scope: Scope
    known: frozenset[tuple[str, str]] = frozenset()

    @property
    def weight(self) -> tuple[bool, Power, str]:
        """What opens something comes first, and of that what lets somebody change permissions."""
        return self.words not in _OPENING, power_of(self.actions[0], self.scope), self.words


_OPENING = ("now allowed", "no longer denied")


@dataclass(frozen=True)
class PermissionChange:
    """What becomes allowed, denied, or neither any more, by one resource.

    `unknown` says that the document is known after deployment only, or cannot be read.
    """

    resource: Change
    gained: tuple[Permission, ...] = ()
    lost: tuple[Permission, ...] = ()
    unknown: bool = False

    @property
    def lines(self) -> list[Line]:
        """Return the changes, the most important first."""
        before, after = _values(self.lost), _values(self.gained)
        found = [
            *_lines("now allowed", "Allow", self.gained, before),
            *_lines("no longer denied", "Deny", self.lost, after),
            *_lines("now denied", "Deny", self.gained, before),
            *_lines("no longer allowed", "Allow", self.lost, after),
        ]
        return sorted(found, key=lambda line: line.weight)

    @property
    def weight(self) -> tuple[bool, Power, str]:
        """That of its first line; a document that nobody can read may allow anything."""
        return (False, Power.PERMISSIONS, "") if self.unknown else self.lines[0].weight


def _lines(words: str, effect: str, permissions: Iterable[Permission], known: frozenset[tuple[str, str]]) -> list[Line]:
    groups: defaultdict[Scope, list[str]] = defaultdict(list)
    for permission in sorted(permissions):
        if permission.effect == effect:
            groups[permission.scope].append(permission.action)
    return [
        Line(words, sorted(actions, key=lambda action, scope=scope: (power_of(action, scope), action)), scope, known)
        for scope, actions in groups.items()
    ]


def _values(permissions: Iterable[Permission]) -> frozenset[tuple[str, str]]:
    conditions = (condition for permission in permissions for condition in permission.scope.conditions)
    return frozenset((test, value) for test, values in conditions for value in values)


def permission_changes(changes: Iterable[Change]) -> list[PermissionChange]:
    """Return what changes in the IAM documents of a stack's resources, the most important first."""
    found = (one for change in changes for one in _of_change(change))
    return sorted((one for one in found if one.gained or one.lost or one.unknown), key=lambda one: one.weight)


def _of_change(change: Change) -> Iterator[PermissionChange]:
    new: Mapping[str, Any] = dict[str, Any]() if change.op == "delete" else change.new
    if change.type in ATTACHMENTS:
        before, after = _attached([change.old.get("policyArn")]), _attached([new.get("policyArn")])
        yield PermissionChange(change, tuple(after - before), tuple(before - after))
    if grants := GRANTS.get(change.type):
        before = frozenset(grants(change.old) if change.old else ())
        after = frozenset(grants(new) if new else ())
        yield PermissionChange(change, tuple(after - before), tuple(before - after))
    if change.type == ROLE:
        before, after = _attached(change.old.get("managedPolicyArns")), _attached(new.get("managedPolicyArns"))
        yield PermissionChange(change, tuple(after - before), tuple(before - after))
        yield from _of_documents(change, "inlinePolicies", _inline(change.old), _inline(new))
    if key := DOCUMENTS.get(change.type):
        yield from _of_documents(change, key, [change.old.get(key)], [new.get(key)])


ROLE = "aws:iam/role:Role"
"""Beside its trust policy, it may have inline policies and attach managed ones."""


def _inline(inputs: Mapping[str, Any]) -> list[object]:
    policies = cast("Sequence[object]", listed(inputs.get("inlinePolicies")))
    return [cast("Mapping[str, object]", one).get("policy") if isinstance(one, Mapping) else one for one in policies]


def _of_documents(change: Change, key: str, old: Sequence[object], new: Sequence[object]) -> Iterator[PermissionChange]:
    before, after = _permissions_of_all(old), _permissions_of_all(new)
    if before is None or after is None:
        touched = change.op != "update" or any(path.startswith(key) for path in change.properties)
        yield PermissionChange(change, unknown=touched)
    else:
        yield PermissionChange(change, tuple(sorted(after - before)), tuple(sorted(before - after)))


def _permissions_of_all(documents: Iterable[object]) -> frozenset[Permission] | None:
    found = [permissions_of(document) for document in documents]
    if any(one is None for one in found):
        return None
    return frozenset(permission for one in found if one for permission in one)


def permissions_of(document: object) -> frozenset[Permission] | None:
    """Return the permissions of a policy document, as text or tree; None where it cannot be known or read."""
    if document is None:
        return frozenset()
    if isinstance(document, str):
        if UNKNOWN in document or LATER in document or document == SECRET:
            return None
        try:
            document = json.loads(document, object_pairs_hook=_unique)
        except (ValueError, RecursionError):
            return None
    keys = _element(document, {"version", "id", "statement"})
    if keys is None:
        return None
    statements = [_element(statement, _STATEMENT) for statement in listed(keys.get("statement"))]
    if any(statement is None or statement.get("effect") not in ("Allow", "Deny") for statement in statements):
        return None
    return frozenset(permission for statement in statements if statement for permission in _permissions(statement))


_STATEMENT = frozenset(
    ("sid", "effect", "principal", "notprincipal", "action", "notaction", "resource", "notresource", "condition")
)


def _unique(pairs: Sequence[tuple[str, object]]) -> Mapping[str, object]:
    """Raise ValueError where a key is there twice: nobody knows which of them AWS takes."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _element(given: object, known: Set[str]) -> Mapping[str, Any] | None:
    """Return an element's keys in lower case; None if it has unknown keys."""
    if not isinstance(given, Mapping):
        return None
    keys = {str(key).lower(): value for key, value in cast("Mapping[object, Any]", given).items()}
    return keys if len(keys) == len(cast("Mapping[object, Any]", given)) and keys.keys() <= known else None


def _permissions(keys: Mapping[str, Any]) -> Iterator[Permission]:
    actions = [str(action) for action in listed(keys.get("action"))]
    actions += [f"everything but {action}" for action in listed(keys.get("notaction"))]
    conditions = _conditions(keys.get("condition"))
    for principal in _principals(keys):
        for resource in _resources(keys):
            scope = Scope((*principal, *resource), conditions)
            yield from (Permission(str(keys.get("effect")), action, scope) for action in actions)


def _principals(keys: Mapping[str, Any]) -> list[tuple[tuple[str, str], ...]]:
    found: list[tuple[tuple[str, str], ...]] = []
    for key, words in (("principal", "to"), ("notprincipal", "to all but")):
        given = keys.get(key)
        if isinstance(given, Mapping):
            by_kind = cast("Mapping[str, Any]", given).items()
            found += [((words, f"{kind} {name}"),) for kind, names in by_kind for name in listed(names)]
        elif given is not None:
            found.append(((words, "anyone" if given == "*" else str(given)),))
    return found or [()]


def _resources(keys: Mapping[str, Any]) -> list[tuple[tuple[str, str], ...]]:
    found = [(("on", str(name)),) for name in listed(keys.get("resource"))]
    found += [(("on all but", str(name)),) for name in listed(keys.get("notresource"))]
    return found or [()]


def _conditions(given: object) -> tuple[Condition, ...]:
    if not isinstance(given, Mapping):
        return () if given is None else ((str(given), ()),)
    found: list[Condition] = []
    for operator, keys in cast("Mapping[str, object]", given).items():
        if isinstance(keys, Mapping):
            tests = cast("Mapping[str, object]", keys).items()
            found += [(f"{operator} {key}", tuple(sorted(map(str, listed(values))))) for key, values in tests]
        else:
            found.append((operator, (str(keys),)))
    return tuple(sorted(found))


def _attached(arns: object) -> frozenset[Permission]:
    names = [text_of(arn) for arn in listed(arns) if arn is not None]
    return frozenset(Permission("Allow", f"all that {name} allows", Scope()) for name in names)
