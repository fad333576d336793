"""Identity: policy documents allow what is named."""

import re
from collections.abc import Iterator

from falco_firelens.policy.actions import takes_resources
from falco_firelens.policy.documents import Statement, conditions, each_statement, texts_of
from falco_firelens.policy.kinds import ATTACHMENTS, ITS_OWN, OPENING, TRUST
from falco_firelens.policy.rule import Finding, Resource, Rule, show

NAMELESS = frozenset(("ec2", "ecr"))
"""Services whose `type/*` of one account is named enough: EC2 makes up ids, and images come by any repository."""

WILD = re.compile(r"[*?]+")

TOO_MUCH = re.compile(r"FullAccess|Admin|PowerUser")
"""In the names of AWS's managed policies: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html"""


def _actions(path: str, statement: Statement) -> Iterator[Finding]:
    for action in texts_of(statement.get("action")):
        if "*" in action or "?" in action:
            yield Finding(f"{path}.Action", show(action), "the actions that are needed, by name")
    for name in ("NotAction", "NotResource"):
        if name.lower() in statement:
            yield Finding(f"{path}.{name}", "everything but what is named", f"{name.removeprefix('Not')}, with names")


def _actions_and_resources(path: str, statement: Statement) -> Iterator[Finding]:
    yield from _actions(path, statement)
    narrower = [action for action in texts_of(statement.get("action")) if takes_resources(action)]
    if narrower:
        own = _in_one_organization(statement)
        for resource in dict.fromkeys(texts_of(statement.get("resource"))):
            if is_too_wide(resource, in_one_organization=own):
                yield Finding(f"{path}.Resource", show(resource), f"the ARNs that {', '.join(narrower)} is for")


def _in_one_organization(statement: Statement) -> bool:
    """Whether a condition names the organization that the resources' accounts belong to.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourceorgid
    """
    return any(
        operator == "stringequals"
        and key == "aws:resourceorgid"
        and values
        and not any(map(WILD.search, map(str, values)))
        for operator, key, values in conditions(statement)
    )


def is_too_wide(resource: str, *, in_one_organization: bool = False) -> bool:
    """Whether a pattern has a wildcard where a name belongs: for the service, the account, or all of a type.

    A wildcard after a part of a name, as in `bucket/*` or `role/app-*`, is named enough; so is one for the region, and
    one for the account where a condition names the organization.
    """
    if not WILD.search(resource):
        return False
    parts = resource.split(":", 5)
    if len(parts) < 6 or WILD.search(parts[0] + parts[1] + parts[2]):
        return True
    if WILD.search(parts[4]) and not (in_one_organization and parts[4] == "*"):
        return True
    service, name = parts[2], parts[5]
    kind, _, rest = name.replace(":", "/").partition("/")
    unnamed = WILD.sub("", kind) == "" or (rest != "" and not WILD.sub("", rest).strip("/") and _is_type(service))
    return unnamed and not (service in NAMELESS and WILD.sub("", kind) == kind)


def _is_type(service: str) -> bool:
    """Whether what is before the first slash is a type, and not the name of a bucket, a queue or a topic."""
    return service not in ("s3", "s3express", "sqs", "sns", "execute-api")


def _attachment(resource: Resource) -> Iterator[Finding]:
    for path in ("policyArn", "policyArns", "managedPolicyArn", "managedPolicyArns"):
        for arn in texts_of(resource.props.get(path)):
            name = arn.rpartition("/")[2] if re.search(":iam::aws:policy/", arn) else ""
            if TOO_MUCH.search(name):
                yield Finding(path, f"{name}, which has wildcards", "a policy with what is needed")


def _role(resource: Resource) -> Iterator[Finding]:
    yield from _trust(resource)
    yield from _attachment(resource)


# A trust policy has no resource at all, and in a document of a resource's own `*` is that resource.
_trust = each_statement(_actions)
_wide = each_statement(_actions_and_resources)

RULES = (
    Rule(
        "no-iam-wildcard",
        "Policies name actions, and resources where the API knows any.",
        {
            **{kind: _trust if kind in ITS_OWN else _role if kind in TRUST else _wide for kind in OPENING},
            **dict.fromkeys(ATTACHMENTS, _attachment),
        },
    ),
)
