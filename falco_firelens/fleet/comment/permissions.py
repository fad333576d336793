"""IAM documents compared by what they allow and deny, not by how they are written."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from falco_firelens.fleet.comment.values import LATER
from falco_firelens.fleet.results import SECRET, UNKNOWN, Change
from falco_firelens.policy.kinds import ATTACHMENTS, DOCUMENTS


@dataclass(frozen=True, order=True)
class Permission:
    """One action that one statement allows or denies; `where` is everything else that the statement says."""

    effect: str
    action: str
    where: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PermissionChange:
    """What becomes allowed, denied, or neither any more, by one resource.

    `unknown` says that the document is known after deployment only.
    """

    resource: Change
    gained: tuple[Permission, ...] = ()
    lost: tuple[Permission, ...] = ()
    unknown: bool = False

    @property
    def lines(self) -> list[tuple[str, list[str], tuple[tuple[str, str], ...]]]:
        """Words, actions, and to what they apply; the weightiest first."""
        grouped = [
            ("now allowed", self._of("Allow", self.gained)),
            ("no longer denied", self._of("Deny", self.lost)),
            ("now denied", self._of("Deny", self.gained)),
            ("no longer allowed", self._of("Allow", self.lost)),
        ]
        return [(words, actions, where) for words, groups in grouped for where, actions in groups.items()]

    def _of(self, effect: str, permissions: Iterable[Permission]) -> Mapping[tuple[tuple[str, str], ...], list[str]]:
        groups: defaultdict[tuple[tuple[str, str], ...], list[str]] = defaultdict(list)
        for permission in sorted(permissions):
            if permission.effect == effect:
                groups[permission.where].append(permission.action)
        return groups


def permission_changes(changes: Iterable[Change]) -> list[PermissionChange]:
    """What changes in the IAM documents of a stack's resources."""
    found = (one for change in changes for one in _of_change(change))
    return [one for one in found if one.gained or one.lost or one.unknown]


def _of_change(change: Change) -> Iterator[PermissionChange]:
    new: Mapping[str, Any] = dict[str, Any]() if change.op == "delete" else change.new
    if change.type in ATTACHMENTS:
        before, after = _attached(change.old), _attached(new)
        yield PermissionChange(change, tuple(after - before), tuple(before - after))
    if key := DOCUMENTS.get(change.type):
        before, after = permissions_of(change.old.get(key)), permissions_of(new.get(key))
        if before is None or after is None:
            touched = change.op != "update" or any(path.startswith(key) for path in change.properties)
            yield PermissionChange(change, unknown=touched)
        else:
            yield PermissionChange(change, tuple(sorted(after - before)), tuple(sorted(before - after)))


def permissions_of(document: object) -> frozenset[Permission] | None:
    """The permissions of a policy document, as text or tree; None where it cannot be known."""
    if document is None:
        return frozenset()
    if isinstance(document, str):
        if UNKNOWN in document or LATER in document or document == SECRET:
            return None
        try:
            document = json.loads(document)
        except (ValueError, RecursionError):
            return None
    if not isinstance(document, Mapping):
        return None
    statements = _items(cast("Mapping[str, Any]", document).get("Statement"))
    return frozenset(permission for statement in statements for permission in _permissions(statement))


def _permissions(statement: object) -> Iterator[Permission]:
    if not isinstance(statement, Mapping):
        return
    keys = cast("Mapping[str, Any]", statement)
    actions = [str(action) for action in _items(keys.get("Action"))]
    actions += [f"everything but {action}" for action in _items(keys.get("NotAction"))]
    found = _conditions(keys.get("Condition"))
    conditions = tuple(("and" if number else "if", text) for number, text in enumerate(found))
    for principal in _principals(keys):
        for resource in _resources(keys):
            where = (*principal, *resource, *conditions)
            yield from (Permission(str(keys.get("Effect")), action, where) for action in actions)


def _principals(keys: Mapping[str, Any]) -> list[tuple[tuple[str, str], ...]]:
    found: list[tuple[tuple[str, str], ...]] = []
    for key, words in (("Principal", "to"), ("NotPrincipal", "to all but")):
        given = keys.get(key)
        if isinstance(given, Mapping):
            by_kind = cast("Mapping[str, Any]", given).items()
            found += [((words, f"{kind} {name}"),) for kind, names in by_kind for name in _items(names)]
        elif given is not None:
            found.append(((words, "anyone" if given == "*" else str(given)),))
    return found or [()]


def _resources(keys: Mapping[str, Any]) -> list[tuple[tuple[str, str], ...]]:
    found = [(("on", str(name)),) for name in _items(keys.get("Resource"))]
    found += [(("on all but", str(name)),) for name in _items(keys.get("NotResource"))]
    return found or [()]


def _conditions(given: object) -> list[str]:
    """Each condition in one line, such as `StringEquals aws:SourceAccount 111122223333`."""
    if not isinstance(given, Mapping):
        return []
    operators = cast("Mapping[str, Mapping[str, Any]]", given)
    return sorted(
        f"{operator} {key} {', '.join(sorted(map(str, _items(values))))}"
        for operator, keys in operators.items()
        for key, values in keys.items()
    )


def _attached(inputs: Mapping[str, Any]) -> frozenset[Permission]:
    arn = inputs.get("policyArn")
    if arn is None:
        return frozenset()
    name = LATER if arn == UNKNOWN else str(arn)
    return frozenset({Permission("Allow", f"all that {name} allows", ())})


def _items(value: object) -> Sequence[Any]:
    if value is None:
        return ()
    return cast("Sequence[Any]", value) if isinstance(value, list | tuple) else (value,)
