"""Judges a request by the policies of buckets and keys, and of roles, as far as this project's policies go.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

CONDITIONS: Final = frozenset({"Bool", "StringEquals", "StringLike", "ArnEquals", "ArnLike"})
"""The operators of conditions that are understood, beside `Null` and `NOT`, with `EVERY` before them and `IF_EXISTS`
behind; with any other one a statement allows nothing."""

NOT: Final = {"ArnNotEquals": "ArnEquals", "ArnNotLike": "ArnLike", "StringNotEquals": "StringEquals"}
"""The opposites, which hold where the key is missing."""

IF_EXISTS: Final = "IfExists"
"""The end of an operator that holds where the key is missing.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html"""

EVERY: Final = "ForAllValues:"
"""Of a key with many values, or none: each has to match.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html"""


@dataclass(frozen=True)
class Request:
    """Somebody of an account, asking for an action. `context` has the values of condition keys, one or many of each."""

    account: str
    action: str
    resource: str
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict[str, str | Sequence[str]])


def allows(policy: str | None, request: Request) -> bool:
    """Whether a resource's policy lets another account do this: some statement allows it, and none denies it."""
    return _allowed(
        [one for one in _statements(policy) if _names(one.get("Principal"), request.account)],
        request,
    )


def grants(policies: Iterable[str], request: Request) -> bool:
    """Whether a role's own policies let it do this."""
    return _allowed([one for policy in policies for one in _statements(policy)], request)


def _statements(policy: str | None) -> Iterable[dict[str, Any]]:
    document: dict[str, Any] = json.loads(policy) if policy else {}
    return _items(document.get("Statement", ()))


def _allowed(statements: Iterable[Mapping[str, Any]], request: Request) -> bool:
    effects = [one["Effect"] for one in statements if _concerns(one, request)]
    return "Allow" in effects and "Deny" not in effects


def _concerns(statement: Mapping[str, Any], request: Request) -> bool:
    return (
        any(_like(request.action.lower(), action.lower()) for action in _items(statement.get("Action", ())))
        and any(_like(request.resource, _filled(pattern, request)) for pattern in _items(statement.get("Resource", ())))
        and all(_holds(request, *condition) for condition in statement.get("Condition", {}).items())
    )


def _names(principal: Any, account: str) -> bool:
    """Whether the principal is everybody, or all of an account; one user or one role is not this account."""
    named = principal.get("AWS", ()) if isinstance(principal, Mapping) else principal  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    return any(one in ("*", account) or fnmatchcase(one, f"arn:*:iam::{account}:root") for one in _items(named or ()))


def _holds(request: Request, operator: str, values: Mapping[str, Any]) -> bool:
    if operator == "Null":
        return all((key not in request.context) is (str(wanted).lower() == "true") for key, wanted in values.items())
    if operator in NOT:
        return all(not _holds(request, NOT[operator], {key: value}) for key, value in values.items())
    if operator.removeprefix(EVERY).removesuffix(IF_EXISTS) not in CONDITIONS:
        return False
    none = [] if operator.startswith(EVERY) or operator.endswith(IF_EXISTS) else [""]
    return all(
        all(any(_like(str(value), str(pattern)) for pattern in _items(wanted)) for value in _items(found))
        for key, wanted in values.items()
        for found in (request.context.get(key, none),)
    )


def _filled(pattern: str, request: Request) -> str:
    return pattern.replace("${aws:PrincipalAccount}", request.account)


def _like(value: str, pattern: str) -> bool:
    """`*` and `?` stand for anything, a bracket for itself."""
    return fnmatchcase(value, pattern.replace("[", "[[]"))


def _items(value: Any) -> Iterable[Any]:
    """Return a list: a policy may have a single item in place of one."""
    return value if isinstance(value, list | tuple) else (value,)  # pyright: ignore[reportUnknownVariableType]
