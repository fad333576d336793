"""Identity: policy documents allow what is named, to whom is named."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from falco_firelens.policy.actions import takes_resources
from falco_firelens.policy.kinds import ATTACHMENTS, DOCUMENTS, ITS_OWN, OPENING
from falco_firelens.policy.rule import Check, Finding, Resource, Rule, items_of, keys_of, show

NARROWING = frozenset((
    "aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths", "aws:sourceaccount",
    "aws:sourcearn", "aws:sourceorgid", "aws:sourcevpc", "aws:sourcevpce", "kms:calleraccount",
))  # fmt: skip
"""Condition keys that say who may come, so that `*` is not everybody.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
"""

Statement = Mapping[str, Any]


def _statements(document: object) -> Iterator[tuple[str, Statement]]:
    """What a document allows, each with its path; nothing as long as it is not known."""
    parsed = json.loads(document) if isinstance(document, str) and document else document
    for index, statement in enumerate(map(keys_of, items_of(keys_of(parsed).get("Statement")))):
        if statement.get("Effect") == "Allow":
            yield f"[{statement.get('Sid', index)}]", statement


def _each(check: Callable[[str, Statement], Iterator[Finding]]) -> Check:
    def on(resource: Resource) -> Iterator[Finding]:
        name = DOCUMENTS[resource.type]
        for path, statement in _statements(resource.props.get(name)):
            yield from check(name + path, statement)
        for inline in map(keys_of, items_of(resource.props.get("inlinePolicies"))):
            for path, statement in _statements(inline.get("policy")):
                yield from check(f"inlinePolicies.{inline.get('name')}{path}", statement)

    return on


def _texts(value: object) -> Sequence[str]:
    """IAM takes a text for a list of one."""
    return [value] if isinstance(value, str) else [item for item in items_of(value) if isinstance(item, str)]


def _actions(path: str, statement: Statement) -> Iterator[Finding]:
    for action in _texts(statement.get("Action")):
        if "*" in action or "?" in action:
            yield Finding(f"{path}.Action", show(action), "the actions that are needed, by name")
    for name in ("NotAction", "NotResource"):
        if name in statement:
            yield Finding(f"{path}.{name}", "everything but what is named", f"{name.removeprefix('Not')}, with names")


def _actions_and_resources(path: str, statement: Statement) -> Iterator[Finding]:
    yield from _actions(path, statement)
    if "*" in _texts(statement.get("Resource")):
        narrower = [action for action in _texts(statement.get("Action")) if takes_resources(action)]
        if narrower:
            write = f"the ARNs that {', '.join(narrower)} is for"
            yield Finding(f"{path}.Resource", '"*"', write)


def _principals(path: str, statement: Statement) -> Iterator[Finding]:
    principal = statement.get("Principal")
    who = _texts(principal) or _texts(keys_of(principal).get("AWS"))
    if "NotPrincipal" in statement:
        yield Finding(f"{path}.NotPrincipal", "everybody but who is named", "Principal, with names")
    if "*" in who and not _narrowed(statement.get("Condition")):
        yield Finding(f"{path}.Principal", '"*", everybody', "who may come, or a condition such as aws:PrincipalArn")


def _narrowed(condition: object) -> bool:
    return any(
        key.lower() in NARROWING
        for operator, values in keys_of(condition).items()
        if "Not" not in operator and not operator.endswith("IfExists") and operator != "Null"
        for key in keys_of(values)
    )


def _attachment(resource: Resource) -> Iterator[Finding]:
    arn = resource.props.get("policyArn")
    name = arn.rpartition("/")[2] if isinstance(arn, str) and ":iam::aws:policy/" in arn else ""
    if name in ("AdministratorAccess", "PowerUserAccess", "IAMFullAccess") or name.endswith("FullAccess"):
        yield Finding("policyArn", f"{name}, which has wildcards", "a policy with what is needed")


RULES = (
    Rule(
        "no-iam-wildcard",
        "Policies name actions, and resources where the API knows any.",
        {
            # A trust policy has no resource at all.
            **{kind: _each(_actions if kind in ITS_OWN else _actions_and_resources) for kind in OPENING},
            **dict.fromkeys(ATTACHMENTS, _attachment),
        },
    ),
    Rule("no-public-principal", "No policy lets everybody in.", dict.fromkeys(OPENING, _each(_principals))),
)
