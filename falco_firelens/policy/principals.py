"""Principals: who a policy document lets in, and what narrows it where it names everybody."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from falco_firelens.policy.documents import Statement, conditions, each_document, folded, texts_of
from falco_firelens.policy.kinds import ITS_OWN, NARROWING_ONLY, OPENING, TRUST
from falco_firelens.policy.network import is_world
from falco_firelens.policy.rule import UNKNOWN, Check, Finding, Resource, Rule, is_off, items_of, keys_of, show

FIXED = frozenset((
    "aws:principalaccount", "aws:principalorgid", "aws:sourceaccount", "aws:sourceowner", "aws:sourceorgid",
    "aws:sourcevpc", "aws:sourcevpce", "aws:userid", "kms:calleraccount", "s3:dataaccesspointaccount",
))  # fmt: skip
ARNS = frozenset(("aws:principalarn", "aws:sourcearn", "s3:dataaccesspointarn"))
PATHS = frozenset(("aws:principalorgpaths", "aws:sourceorgpaths"))
"""Condition keys that say who may come, so that `*` is not everybody; how much of a value has to be fixed differs.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status
An ARN with an account in it may have a wildcard after that, as IAM Access Analyzer judges it:
https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-concepts.html
"""

POSITIVE = frozenset(("stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "ipaddress"))
"""Operators that a request fails without the key. `…IfExists`, `ForAllValues:…` and `Null` let it pass without one.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

WILD = re.compile(r"[*?]|\$\{")
"""A policy variable is the caller's own value, so that it narrows nothing."""

ARN_OF_ACCOUNT = re.compile(r"arn:[a-z-]+:[a-z0-9-]+:[a-z0-9*-]*:\d{12}:.+")
ACCOUNT = re.compile(r"(?:arn:[a-z-]+:(?:iam|sts)::)?(\d{12})(?::(.+))?")

SHARED_PROVIDERS = {"cognito-identity.amazonaws.com": "aud", "graph.facebook.com": "app_id", "www.amazon.com": "app_id"}
"""Providers whose own pool or app is named by another key than `sub`.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
"""

ANY_BRANCH = re.compile(r"project_path:[^*?:]+/[^*?:]+:ref_type:branch:ref:\*")
"""GitLab's subject of any branch of one project, whose name of a branch has no `refs/heads/` before it.
https://docs.gitlab.com/ci/cloud_services/aws/"""

PREFIXES = ("repo:", "project_path:", "system:serviceaccount:")
"""What the subjects of GitHub, GitLab and Kubernetes begin with; the next part is the repository or namespace."""


def narrows(statement: Statement) -> bool:
    """Whether a condition says who may come."""
    return any(
        bool(values)
        and operator.removeprefix("foranyvalue:") in POSITIVE
        and all(_says_who(key, value) for value in values)
        for operator, key, values in conditions(statement)
    )


def _says_who(key: str, value: object) -> bool:
    if value is UNKNOWN:
        return key in FIXED | ARNS | PATHS
    text = str(value)
    if key == "aws:sourceip":
        return "/" not in text or not is_world(text)
    if key in ARNS:
        return not WILD.search(text) or bool(ARN_OF_ACCOUNT.fullmatch(text) and "${" not in text)
    if key in PATHS:
        return bool(re.match(r"o-[a-z0-9]+/", text)) and "${" not in text
    return key in FIXED and text != "" and not WILD.search(text)


def _principals(statement: Statement) -> Iterator[tuple[str, str]]:
    """Kind and name of each; one without a kind is AWS's."""
    principal = statement.get("principal")
    yield from (("aws", text) for text in texts_of(principal))
    for kind, names in folded(principal).items():
        yield from ((kind, text) for text in texts_of(names))


def _public(path: str, statement: Statement) -> Iterator[Finding]:
    if "notprincipal" in statement:
        yield Finding(f"{path}.NotPrincipal", "everybody but who is named", "Principal, with names")
    for _, name in _principals(statement):
        if WILD.search(name) and not narrows(statement):
            found = f"{show(name)}, everybody" if name.strip("*") == "" else f"{show(name)}, whose wildcard is anybody"
            write = "who may come, or a condition such as aws:PrincipalArn with a fixed value"
            yield Finding(f"{path}.Principal", found, write)


@dataclass(frozen=True)
class Known:
    """Accounts that the stack file names, and whether its own is among them."""

    accounts: frozenset[str]
    own: bool

    @classmethod
    def of(cls, resource: Resource) -> "Known":
        """Return the accounts from the policy's configuration."""
        accounts = frozenset(text for text in items_of(resource.config.get("accounts")) if isinstance(text, str))
        return cls(accounts, bool(resource.config.get("ownAccount")))


def _admits(known: Known, *, own: bool, trust: bool) -> Check:
    def check(path: str, found: Sequence[tuple[str, Statement]]) -> Iterator[Finding]:
        ours = _own_accounts([statement for _, statement in found], by_keys=own)
        for where, statement in found:
            yield from _public(path + where, statement)
            yield from _foreign(path + where, statement, known, ours)
            if trust:
                yield from _federated(path + where, statement)

    return each_document(check)


def _own_accounts(found: Sequence[Statement], *, by_keys: bool) -> frozenset[str]:
    """Accounts that are the document's own: of what it is about, or the one that may change a key's policy."""
    resources = {text.split(":")[4] for one in found for text in texts_of(one.get("resource")) if text.count(":") >= 5}
    changing = [
        {account for _, name in _principals(one) if (account := _account(name))}
        for one in found
        if "kms:putkeypolicy" in map(str.lower, texts_of(one.get("action")))
    ]
    owners = {account for accounts in changing for account in accounts if by_keys}
    return frozenset(resources - {""} | (owners if len(owners) == 1 else set[str]()))


def _account(name: str) -> str | None:
    found = ACCOUNT.fullmatch(name)
    return found[1] if found else None


def _foreign(path: str, statement: Statement, known: Known, ours: frozenset[str]) -> Iterator[Finding]:
    """Principals of accounts that the stack file does not name; whole accounts only, where it does not name its own."""
    for kind, name in _principals(statement):
        found = ACCOUNT.fullmatch(name)
        if not found or found[1] in ours or found[1] in known.accounts:
            continue
        whole = kind == "aws" and found[2] in (None, "root")
        if known.own or (whole and not _guarded(statement)):
            what = "a whole account" if whole else "an account"
            write = "principals of accounts that it names, or an account's roles by their ARNs"
            yield Finding(
                f"{path}.Principal".lstrip("."), f"{show(name)}, {what} that the stack file does not name", write
            )


def _guarded(statement: Statement) -> bool:
    """Whether only some of an account come: those of a path, or who knows an external id."""
    return any(
        operator in ("stringequals", "stringlike", "arnlike", "arnequals")
        and key in ("aws:principalarn", "sts:externalid", "aws:userid")
        and not any(WILD.sub("", str(value)) == "" for value in values)
        for operator, key, values in conditions(statement)
    )


def _federated(path: str, statement: Statement) -> Iterator[Finding]:
    """Yield a finding where the trust has no `sub`: a provider such as GitHub's issues tokens to everybody.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html
    """
    actions = [action.lower() for action in texts_of(statement.get("action"))]
    names = [name for kind, name in _principals(statement) if kind == "federated" and ":saml-provider/" not in name]
    if not names and "sts:assumerolewithwebidentity" not in actions:
        return
    needed = next((SHARED_PROVIDERS[name] for name in names if name in SHARED_PROVIDERS), "sub")
    tests = [
        (operator, values)
        for operator, key, values in conditions(statement)
        if operator.removeprefix("foranyvalue:") in ("stringequals", "stringequalsignorecase", "stringlike")
        and key.endswith(f":{needed}")
    ]
    if not any(values and all(map(_is_somebody, values)) for _, values in tests):
        found = ", ".join(show(value) for _, values in tests for value in values) or "nothing"
        write = "whose token it is, as in repo:ORGANIZATION/REPOSITORY:environment:NAME, by StringEquals"
        yield Finding(f"{path}.Condition, of :{needed}", found, write)


def _is_somebody(subject: object) -> bool:
    """Whether a subject names one, with a wildcard at most at the end of a part that begins without one."""
    if subject is UNKNOWN:
        return True
    text = str(subject)
    wildcard = WILD.search(text)
    if text == "" or not wildcard:
        return text != ""
    if ANY_BRANCH.fullmatch(text):
        return True
    parts = text[: wildcard.start()].split(":")
    prefix = next((prefix for prefix in PREFIXES if text.startswith(prefix)), None)
    if prefix is None:
        return len(parts) > 4
    return len(parts) > prefix.count(":") + 1 and parts[-1] != ""


def _on(kind: str) -> Check:
    def check(resource: Resource) -> Iterator[Finding]:
        yield from _admits(Known.of(resource), own=kind in ITS_OWN, trust=kind in TRUST)(resource)

    return check


def _endpoint(path: str, found: Sequence[tuple[str, Statement]]) -> Iterator[Finding]:
    """Yield findings about an endpoint's policy, which only narrows access unless it is written out that it does not.

    https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
    """
    for where, statement in found:
        everybody = any(WILD.search(name) for _, name in _principals(statement)) and not narrows(statement)
        everything = [*texts_of(statement.get("action")), *texts_of(statement.get("resource"))]
        if everybody and everything and all(text.strip("*") == "" for text in everything):
            yield Finding(f"{path}{where}", "everybody, every action, every resource", "what the endpoint is for")


def _permission(resource: Resource) -> Iterator[Finding]:
    """https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html"""
    props = resource.props
    principal, organization = props.get("principal"), props.get("principalOrgId") or props.get("organizationId")
    source = {"aws:sourcearn": props.get("sourceArn"), "aws:sourceaccount": props.get("sourceAccount")}
    narrowed = bool(organization) or any(value and _says_who(key, value) for key, value in source.items())
    if isinstance(principal, str) and WILD.search(principal) and not narrowed:
        yield Finding("principal", f"{show(principal)}, everybody", "who may come, or an organization's id")
    elif isinstance(principal, str) and principal.endswith((".amazonaws.com", ".amazon.com")) and not narrowed:
        write = "sourceArn or sourceAccount, without which the service acts for everybody"
        yield Finding("sourceArn", show(props.get("sourceArn")), write)
    if isinstance(principal, str):
        yield from _foreign("", {"principal": principal}, Known.of(resource), frozenset())
    if props.get("functionUrlAuthType") == "NONE":
        yield Finding("functionUrlAuthType", '"NONE"', '"AWS_IAM"')


def _event_bus(resource: Resource) -> Iterator[Finding]:
    if resource.props.get("principal") == "*" and is_off(bool(resource.props.get("condition"))):
        yield Finding("principal", '"*", everybody', "an account, or a condition with aws:PrincipalOrgID")


def _shared_with(path: str, everybody: frozenset[str]) -> Check:
    """Resources that are shared by a list, or a word."""

    def check(resource: Resource) -> Iterator[Finding]:
        found: object = resource.props
        for key in path.split("."):
            found = keys_of(found).get(key)
        for name in [found] if isinstance(found, str) else items_of(found):
            if isinstance(name, str) and name.lower() in everybody:
                yield Finding(path, f"{show(name)}, everybody", "the accounts that need it")

    return check


ALL = frozenset(("*", "all"))
ACLS = frozenset(("public-read", "public-read-write", "authenticated-read", "website"))
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl"""

SHARED: Mapping[str, Check] = {
    "aws:ec2/amiLaunchPermission:AmiLaunchPermission": _shared_with("group", ALL),
    "aws:ec2/vpcEndpointService:VpcEndpointService": _shared_with("allowedPrincipals", ALL),
    "aws:ec2/vpcEndpointServiceAllowedPrinciple:VpcEndpointServiceAllowedPrinciple": _shared_with("principalArn", ALL),
    "aws:rds/clusterSnapshot:ClusterSnapshot": _shared_with("sharedAccounts", ALL),
    "aws:rds/snapshot:Snapshot": _shared_with("sharedAccounts", ALL),
    "aws:rds/snapshotCopy:SnapshotCopy": _shared_with("sharedAccounts", ALL),
    "aws:s3/bucketAcl:BucketAcl": _shared_with("acl", ACLS),
    "aws:s3/bucketAclV2:BucketAclV2": _shared_with("acl", ACLS),
    "aws:s3/bucketObject:BucketObject": _shared_with("acl", ACLS),
    "aws:s3/bucketObjectv2:BucketObjectv2": _shared_with("acl", ACLS),
    "aws:ssm/document:Document": _shared_with("permissions.account_ids", ALL),
    "aws:lambda/permission:Permission": _permission,
    "aws:lambda/layerVersionPermission:LayerVersionPermission": _permission,
    "aws:cloudwatch/eventPermission:EventPermission": _event_bus,
}

RULES = (
    Rule(
        "no-public-principal",
        "No policy, permission or share lets in everybody, an unknown account, or any token of an identity provider.",
        {
            **{kind: _on(kind) for kind in OPENING},
            **dict.fromkeys(NARROWING_ONLY, each_document(_endpoint)),
            **SHARED,
        },
        {
            "accounts": {"type": "array", "items": {"type": "string"}, "default": []},
            "ownAccount": {"type": "boolean", "default": False},
        },
    ),
)
