"""The attacker writes a pull request: a weakness that looks like many others, of which one policy has to speak.

Each row of the first tables is a weakness that is found, each of the others its right neighbour, which passes.
"""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi_aws
import pulumi_kubernetes
import pytest

from falco_firelens.policy.kinds import DOCUMENTS
from falco_firelens.policy.pods import POD_SPECS, TASK_DEFINITION
from falco_firelens.policy.rule import Resource, Rule
from falco_firelens.policy.rules import RULES

OWN, FOREIGN = "111122223333", "444455556666"

Props = Mapping[str, Any]


def broken(kind: str, props: Props, urn: str = "", **config: object) -> dict[str, list[str]]:
    """The policies that a resource breaks, tags and versions apart, and what they say."""
    resource = Resource(kind, "it", urn or f"urn:pulumi:s::p::{kind}::it", props, config=config)
    rules = [rule for rule in RULES if isinstance(rule, Rule) and rule.name.startswith("no-")]
    return {rule.name: said for rule in rules if (said := [str(finding) for finding in rule.findings(resource)])}


def document(*statements: Props) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one} for one in statements]})


def trust(condition: Props | None, provider: str = "token.actions.githubusercontent.com", **keys: object) -> Props:
    federated = {"Federated": f"arn:aws:iam::{OWN}:oidc-provider/{provider}"}
    statement = {"Principal": federated, "Action": "sts:AssumeRoleWithWebIdentity", **keys}
    return {"assumeRolePolicy": document({**statement, "Condition": condition} if condition else statement)}


KUBERNETES_SUB = "oidc.eks.example/id/X:sub"
SUB = "token.actions.githubusercontent.com:sub"
AUD = {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"}
EXACT = "repo:acme/falco:environment:production"

TRUSTING_ANYBODY: dict[str, Props | None] = {
    "no condition": None,
    "the audience alone": {"StringEquals": AUD},
    "any subject": {"StringEquals": AUD, "StringLike": {SUB: "*"}},
    "any repository": {"StringEquals": AUD, "StringLike": {SUB: "repo:*"}},
    "any repository of an organization": {"StringLike": {SUB: "repo:acme/*"}},
    "repositories that begin alike": {"StringLike": {SUB: "repo:acme/falco*"}},
    "an organization that begins alike": {"StringLike": {SUB: "repo:acme*/falco:ref:refs/heads/main"}},
    "any branch or pull request": {"StringLike": {SUB: "repo:acme/falco:*"}},
    "one of two": {"StringLike": {SUB: [EXACT, "repo:*"]}},
    "question marks": {"StringLike": {SUB: "repo:????/*"}},
    "if it exists": {"StringEqualsIfExists": {SUB: EXACT}},
    "all of none": {"ForAllValues:StringEquals": {SUB: EXACT}},
    "not somebody": {"StringNotEquals": {SUB: "repo:evil/x:ref:refs/heads/main"}},
    "there is one": {"Null": {SUB: "false"}},
    "the caller's own": {"StringEquals": {SUB: "${token.actions.githubusercontent.com:sub}"}},
    "any service account": {"StringLike": {KUBERNETES_SUB: "system:serviceaccount:*:*"}},
    "a service account of any namespace": {"StringLike": {KUBERNETES_SUB: "system:serviceaccount:*:falco"}},
    "any service account of a namespace": {"StringLike": {KUBERNETES_SUB: "system:serviceaccount:falco:*"}},
    "any project of a group": {"StringLike": {"gitlab.com:sub": "project_path:acme/*"}},
    "any workspace": {"StringLike": {"app.terraform.io:sub": "organization:*"}},
    "no values": {"StringEquals": {SUB: []}},
}  # fmt: skip


@pytest.mark.parametrize("condition", TRUSTING_ANYBODY.values(), ids=TRUSTING_ANYBODY.keys())
def test_a_role_trusts_any_token_of_a_provider(condition: Props | None) -> None:
    found = broken("aws:iam/role:Role", trust(condition))
    assert "no-public-principal" in found
    assert "write whose token it is" in found["no-public-principal"][0]


TRUSTING_SOMEBODY: dict[str, Props] = {
    "an environment": {"StringEquals": {**AUD, SUB: EXACT}},
    "several": {"StringEquals": {SUB: [EXACT, "repo:acme/falco:pull_request"]}},
    "with other letters": {"StringEqualsIgnoreCase": {SUB: EXACT}},
    "a pattern without a wildcard": {"StringLike": {SUB: EXACT}},
    "tags": {"StringLike": {SUB: "repo:acme/falco:ref:refs/tags/v*"}},
    "a service account": {"StringEquals": {KUBERNETES_SUB: "system:serviceaccount:falco:fluent-bit"}},
    "service accounts that begin alike": {"StringLike": {KUBERNETES_SUB: "system:serviceaccount:falco:f-*"}},
    "a branch of GitLab": {"StringLike": {"gitlab.com:sub": "project_path:acme/falco:ref_type:branch:ref:main"}},
    "a workspace": {"StringLike": {"app.terraform.io:sub": "organization:a:project:p:workspace:w:run_phase:*"}},
}  # fmt: skip


@pytest.mark.parametrize("condition", TRUSTING_SOMEBODY.values(), ids=TRUSTING_SOMEBODY.keys())
def test_a_role_that_trusts_one_subject_passes(condition: Props) -> None:
    assert broken("aws:iam/role:Role", trust(condition)) == {}


EVERYBODY: dict[str, Props] = {
    "a pattern of anybody": {"StringLike": {"aws:PrincipalArn": "*"}},
    "an ARN of anybody": {"ArnLike": {"aws:SourceArn": "arn:*"}},
    "an ARN of any account": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/deploy"}},
    "an ARN of accounts that begin alike": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::1111*:role/deploy"}},
    "any bucket": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::logs-*"}},
    "all of none": {"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
    "if it exists": {"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
    "any of a pattern": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "*"}},
    "organizations that begin alike": {"StringLike": {"aws:PrincipalOrgID": "o-*"}},
    "the caller's own account": {"StringEquals": {"aws:PrincipalAccount": "${aws:PrincipalAccount}"}},
    "one of two": {"StringLike": {"aws:SourceAccount": [OWN, "*"]}},
    "not an organization": {"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
    "there is one": {"Null": {"aws:PrincipalOrgID": "false"}},
    "encrypted": {"Bool": {"aws:SecureTransport": "true"}},
    "a tag that the caller chooses": {"StringEquals": {"aws:PrincipalTag/team": "security"}},
    "a region": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
    "by a service": {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}},
    "half of the internet": {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "0.0.0.0/1"]}},
    "no values": {"StringEquals": {"aws:PrincipalOrgID": []}},
    "a browser": {"StringLike": {"aws:Referer": "https://example.com/*"}},
}  # fmt: skip


@pytest.mark.parametrize("condition", EVERYBODY.values(), ids=EVERYBODY.keys())
@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["*"]}, {"aws": "*"}], ids=str)
def test_everybody_may_send_behind_a_condition_that_does_not_narrow(principal: object, condition: Props) -> None:
    statement = {"Principal": principal, "Action": "sqs:SendMessage", "Resource": "*", "Condition": condition}
    assert "no-public-principal" in broken("aws:sqs/queuePolicy:QueuePolicy", {"policy": document(statement)})


SOMEBODY: dict[str, Props] = {
    "an organization": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
    "a unit of one": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/r-ab12/ou-ab12-1/*"}},
    "an account": {"StringEquals": {"aws:SourceAccount": OWN}},
    "a role": {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{OWN}:role/deploy"}},
    "roles of an account": {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{OWN}:role/deploy-*"}},
    "a bucket": {"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::logs"}},
    "an endpoint": {"StringEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"}},
    "an office": {"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}},
    "in small letters": {"stringequals": {"AWS:SOURCEACCOUNT": OWN}},
    "one of two conditions": {"Bool": {"aws:SecureTransport": "true"}, "StringEquals": {"kms:CallerAccount": OWN}},
}  # fmt: skip


@pytest.mark.parametrize("condition", SOMEBODY.values(), ids=SOMEBODY.keys())
def test_everybody_behind_a_condition_that_narrows_passes(condition: Props) -> None:
    arn = f"arn:aws:sqs:eu-west-1:{OWN}:q"
    statement = {"Principal": "*", "Action": "sqs:SendMessage", "Resource": arn, "Condition": condition}
    assert broken("aws:sqs/queuePolicy:QueuePolicy", {"policy": document(statement)}) == {}


STRANGERS = {
    "a root": f"arn:aws:iam::{FOREIGN}:root",
    "an account": FOREIGN,
    "a root in China": f"arn:aws-cn:iam::{FOREIGN}:root",
}


@pytest.mark.parametrize("principal", STRANGERS.values(), ids=STRANGERS.keys())
@pytest.mark.parametrize("config", [{}, {"accounts": [OWN], "ownAccount": True}], ids=["alone", "with the stack file"])
def test_a_whole_foreign_account_is_let_in(principal: str, config: dict[str, Any]) -> None:
    key = [
        {"Principal": {"AWS": f"arn:aws:iam::{OWN}:root"}, "Action": "kms:PutKeyPolicy", "Resource": "*"},
        {"Principal": {"AWS": principal}, "Action": "kms:Decrypt", "Resource": "*"},
    ]
    assumed = {"Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    assert list(broken("aws:kms/key:Key", {"policy": document(*key)}, **config)) == ["no-public-principal"]
    assert list(broken("aws:iam/role:Role", {"assumeRolePolicy": document(assumed)}, **config)) == [
        "no-public-principal"
    ]


def test_a_foreign_role_is_let_in() -> None:
    policy = document({"Principal": {"AWS": f"arn:aws:iam::{FOREIGN}:role/x"}, "Action": "sts:AssumeRole"})
    known = {"accounts": [OWN], "ownAccount": True}
    assert list(broken("aws:iam/role:Role", {"assumeRolePolicy": policy}, **known)) == ["no-public-principal"]
    named = {"accounts": [OWN, FOREIGN], "ownAccount": True}
    assert broken("aws:iam/role:Role", {"assumeRolePolicy": policy}, **named) == {}


def test_a_foreign_account_that_knows_an_external_id_passes_where_no_account_is_known() -> None:
    statement = {
        "Principal": {"AWS": f"arn:aws:iam::{FOREIGN}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": "a1b2c3"}},
    }
    assert broken("aws:iam/role:Role", {"assumeRolePolicy": document(statement)}) == {}


ANY_PRINCIPAL = {
    "a federation": {"Federated": "*"},
    "a service": {"Service": "*"},
    "a pattern": {"AWS": "arn:aws:iam::*:root"},
    "roles": {"AWS": f"arn:aws:iam::{OWN}:role/*"},
}


@pytest.mark.parametrize("principal", ANY_PRINCIPAL.values(), ids=ANY_PRINCIPAL.keys())
def test_a_wildcard_stands_in_a_principal(principal: Props) -> None:
    policy = {
        "policy": document({"Principal": principal, "Action": "sns:Publish", "Resource": f"arn:aws:sns:r:{OWN}:t"})
    }
    assert "no-public-principal" in broken("aws:sns/topicPolicy:TopicPolicy", policy)


@pytest.mark.parametrize(("kind", "name"), DOCUMENTS.items())
def test_everybody_is_let_in_by_a_policy_of_any_type(kind: str, name: str) -> None:
    statement = {"Principal": "*", "Action": "*", "Resource": "*"}
    assert "no-public-principal" in broken(kind, {name: document(statement)})


TOO_WIDE = [
    ("s3:GetObject", "*"),
    ("s3:GetObject", "**"),
    ("s3:GetObject", "arn:aws:s3:::*"),
    ("s3:GetObject", "arn:aws:s3:::?*"),
    ("s3:GetObject", "arn:aws:s3:::*/*"),
    ("s3:GetObject", "arn:*"),
    ("s3:GetObject", "arn:aws:*:::bucket/x"),
    ("s3:GetObject", "arn:aws:s?:::bucket/x"),
    ("iam:PassRole", "*"),
    ("iam:PassRole", f"arn:aws:iam::{OWN}:role/*"),
    ("iam:PassRole", "arn:aws:iam::*:role/deploy"),
    ("iam:PassRole", f"arn:aws:iam::{OWN}:*"),
    ("iam:PassRole", f"arn:aws:iam::{OWN}:role/**"),
    ("sts:AssumeRole", "arn:aws:iam::*:role/*"),
    ("kms:Decrypt", f"arn:aws:kms:eu-west-1:{OWN}:key/*"),
    ("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:eu-west-1:{OWN}:secret:*"),
    ("logs:PutLogEvents", "arn:aws:logs:*:*:*"),
    ("logs:PutLogEvents", f"arn:aws:logs:eu-west-1:{OWN}:log-group:*"),
    ("dynamodb:GetItem", f"arn:aws:dynamodb:eu-west-1:{OWN}:table/*"),
    ("sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{OWN}:*"),
    ("ec2:TerminateInstances", "arn:aws:ec2:*:*:instance/*"),
    ("ec2:TerminateInstances", f"arn:aws:ec2:eu-west-1:{OWN}:*"),
]


@pytest.mark.parametrize(("action", "resource"), TOO_WIDE)
def test_a_permission_is_for_everything_of_a_kind(action: str, resource: str) -> None:
    for listed in (resource, ["arn:aws:s3:::bucket", resource]):
        statement = {"Action": action, "Resource": listed}
        assert "no-iam-wildcard" in broken("aws:iam/rolePolicy:RolePolicy", {"policy": document(statement)})


NAMED = [
    ("s3:GetObject", "arn:aws:s3:::bucket/*"),
    ("s3:GetObject", "arn:aws:s3:::bucket/events/account=${aws:PrincipalAccount}/*"),
    ("iam:PassRole", f"arn:aws:iam::{OWN}:role/falco-*"),
    ("logs:PutLogEvents", f"arn:aws:logs:*:{OWN}:log-group:/falco/events:*"),
    ("sns:Publish", f"arn:aws:sns:eu-west-1:{OWN}:falco-*"),
    ("ecs:StopTask", f"arn:aws:ecs:eu-west-1:{OWN}:task/shop/*"),
    ("ec2:CreateTags", f"arn:aws:ec2:eu-west-1:{OWN}:network-interface/*"),
    ("ec2:DescribeInstances", "*"),
]


@pytest.mark.parametrize(("action", "resource"), NAMED)
def test_a_permission_for_what_is_named_passes(action: str, resource: str) -> None:
    statement = {"Action": action, "Resource": resource}
    assert broken("aws:iam/rolePolicy:RolePolicy", {"policy": document(statement)}) == {}


EVERYTHING_BUT = [
    {"NotAction": "iam:*", "Resource": "arn:aws:s3:::b"},
    {"Action": "s3:GetObject", "NotResource": "arn:aws:s3:::b/*"},
    {"Action": "s3:Get*", "Resource": "arn:aws:s3:::b/*"},
    {"Action": "*", "Resource": "arn:aws:s3:::b/*"},
    {"action": "s3:*", "resource": "*"},
    {"notaction": "iam:*"},
]


@pytest.mark.parametrize("statement", EVERYTHING_BUT, ids=str)
def test_a_permission_is_for_everything_but_something(statement: Props) -> None:
    assert "no-iam-wildcard" in broken("aws:iam/policy:Policy", {"policy": document(statement)})
    assert "no-iam-wildcard" in broken("aws:iam/role:Role", {"inlinePolicies": [{"policy": document(statement)}]})


def test_a_document_says_something_else_to_another_reader() -> None:
    twice = '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}], "Statement": []}'
    for text in (twice, '{"Statement": ', "[" * 100_000):
        assert "no-iam-wildcard" in broken("aws:iam/policy:Policy", {"policy": text})


ATTACHED = {
    "administrator": ("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "policyArn", "AdministratorAccess"),
    "full access": ("aws:iam/userPolicyAttachment:UserPolicyAttachment", "policyArn", "AmazonS3FullAccess"),
    "full access, version 2": ("aws:iam/policyAttachment:PolicyAttachment", "policyArn", "CloudWatchFullAccessV2"),
    "of Lambda": ("aws:iam/groupPolicyAttachment:GroupPolicyAttachment", "policyArn", "AWSLambda_FullAccess"),
    "a job": ("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "policyArn", "job-function/SystemAdministrator"),
    "in the role": ("aws:iam/role:Role", "managedPolicyArns", "PowerUserAccess"),
    "all at once": (
        "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
        "policyArns",
        "AdministratorAccess",
    ),
}


@pytest.mark.parametrize(("kind", "key", "name"), ATTACHED.values(), ids=ATTACHED.keys())
def test_a_managed_policy_makes_an_administrator(kind: str, key: str, name: str) -> None:
    arn = f"arn:aws:iam::aws:policy/{name}"
    assert list(broken(kind, {key: [arn] if key.endswith("s") else arn})) == ["no-iam-wildcard"]
    harmless = "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"
    assert broken(kind, {key: [harmless] if key.endswith("s") else harmless}) == {}


LAMBDA = "aws:lambda/permission:Permission"
INVOKING = {
    "everybody": {"principal": "*"},
    "everybody of any ARN": {"principal": "*", "sourceArn": "arn:aws:s3:::*"},
    "every bucket": {"principal": "s3.amazonaws.com"},
    "a foreign account": {"principal": FOREIGN},
    "a foreign root": {"principal": f"arn:aws:iam::{FOREIGN}:root"},
    "a URL without authorization": {"principal": "*", "principalOrgId": "o-a1b2c3d4e5", "functionUrlAuthType": "NONE"},
}


@pytest.mark.parametrize("props", INVOKING.values(), ids=INVOKING.keys())
def test_a_stranger_invokes_the_function(props: Props) -> None:
    assert list(broken(LAMBDA, {"action": "lambda:InvokeFunction", **props})) == ["no-public-principal"]


@pytest.mark.parametrize(
    "props",
    [
        {"principal": "logs.amazonaws.com", "sourceAccount": OWN},
        {"principal": "logs.amazonaws.com", "sourceArn": f"arn:aws:logs:eu-west-1:{OWN}:log-group:/falco/events:*"},
        {"principal": "*", "principalOrgId": "o-a1b2c3d4e5"},
        {"principal": f"arn:aws:iam::{FOREIGN}:role/caller"},
    ],
    ids=str,
)
def test_somebody_who_is_named_invokes_the_function(props: Props) -> None:
    assert broken(LAMBDA, {"action": "lambda:InvokeFunction", **props}) == {}


def test_an_endpoint_that_narrows_nothing_is_written_out() -> None:
    everything = {"Principal": "*", "Action": "*", "Resource": "*"}
    kind = "aws:ec2/vpcEndpoint:VpcEndpoint"
    assert list(broken(kind, {"policy": document(everything)})) == ["no-public-principal"]
    assert broken(kind, {"policy": document({**everything, "Resource": "arn:aws:s3:::logs/*"})}) == {}


def pod(spec: Props, kind: str = "kubernetes:core/v1:Pod") -> Props:
    found: Any = spec
    for key in reversed(POD_SPECS[kind]):
        found = {key: found}
    return {"items": [found]} if kind.endswith("List") else found


def container(**security: object) -> Props:
    return {"containers": [{"name": "it", "image": "it:1.2.3", "securityContext": security}]}


ESCAPING: dict[str, Props] = {
    "hostPID": {"hostPID": True},
    "hostIPC": {"hostIPC": True},
    "hostNetwork": {"hostNetwork": True},
    "hostNetwork as pulumi has it": {"host_network": True},
    "the root of the node": {"volumes": [{"name": "x", "hostPath": {"path": "/"}}]},
    "any path of the node": {"volumes": [{"name": "x", "hostPath": {"path": "/home/app"}}]},
    "Docker's socket": {"volumes": [{"name": "x", "hostPath": {"path": "/var/run/docker.sock"}}]},
    "containerd's socket": {"volumes": [{"name": "x", "hostPath": {"path": "/run/containerd/containerd.sock"}}]},
    "a port of the node": {"containers": [{"name": "it", "ports": [{"containerPort": 80, "hostPort": 80}]}]},
    "privileged": container(privileged=True),
    "privileged in words": container(privileged="true"),
    "privilege escalation": container(allowPrivilegeEscalation=True),
    "all capabilities": container(capabilities={"add": ["ALL"]}),
    "all capabilities in small letters": container(capabilities={"add": ["all"]}),
    "SYS_ADMIN": container(capabilities={"add": ["SYS_ADMIN"]}),
    "CAP_SYS_ADMIN": container(capabilities={"add": ["CAP_SYS_ADMIN"]}),
    "cap_sys_module": container(capabilities={"add": ["cap_sys_module"]}),
    "BPF": container(capabilities={"add": ["BPF", "PERFMON"]}),
    "NET_RAW": container(capabilities={"add": ["NET_RAW"]}),
    "a capability of tomorrow": container(capabilities={"add": ["CHECKPOINT_RESTORE"]}),
    "procMount": container(procMount="Unmasked"),
    "seccomp": container(seccompProfile={"type": "Unconfined"}),
    "seccomp of the pod": {"securityContext": {"seccompProfile": {"type": "Unconfined"}}},
    "AppArmor": container(appArmorProfile={"type": "Unconfined"}),
    "SELinux": container(seLinuxOptions={"type": "spc_t"}),
    "a user of SELinux": {"securityContext": {"seLinuxOptions": {"user": "system_u"}}},
    "Windows": container(windowsOptions={"hostProcess": True}),
    "Windows for the pod": {"securityContext": {"windowsOptions": {"hostProcess": True}}},
    "a sysctl": {"securityContext": {"sysctls": [{"name": "kernel.core_pattern", "value": "|/x"}]}},
    "a probe of the node": {"containers": [{"name": "it", "livenessProbe": {"httpGet": {"host": "127.0.0.1"}}}]},
    "a handler of the node": {
        "containers": [{"name": "it", "lifecycle": {"preStop": {"tcpSocket": {"host": "169.254.169.254"}}}}]
    },
    "an init container": {"initContainers": [{"name": "it", "securityContext": {"privileged": True}}]},
    "an ephemeral container": {"ephemeralContainers": [{"name": "it", "securityContext": {"privileged": True}}]},
}


@pytest.mark.parametrize("spec", ESCAPING.values(), ids=ESCAPING.keys())
def test_a_pod_is_its_node(spec: Props) -> None:
    for kind in POD_SPECS:
        assert set(broken(kind, pod(spec, kind))) <= {"no-privileged-container", "no-host-access"}, kind
        assert broken(kind, pod(spec, kind)), kind


def test_apparmor_is_off_by_an_annotation() -> None:
    name = "container.apparmor.security.beta.kubernetes.io/it"
    kind = "kubernetes:core/v1:Pod"
    for value, good in (("unconfined", False), ("runtime/default", True), ("localhost/own", True)):
        props = {"metadata": {"annotations": {name: value}}, **pod(container())}
        assert (broken(kind, props) == {}) is good


RESTRAINED: dict[str, Props] = {
    "nothing": container(),
    "dropped": container(capabilities={"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}, privileged=False),
    "by default": container(procMount="Default", seccompProfile={"type": "RuntimeDefault"}),
    "a profile of the node": container(appArmorProfile={"type": "Localhost", "localhostProfile": "own"}),
    "a port": {"containers": [{"name": "it", "ports": [{"containerPort": 80}]}]},
    "a volume": {"volumes": [{"name": "x", "emptyDir": {}}, {"name": "y", "configMap": {"name": "y"}}]},
    "a harmless sysctl": {"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_syncookies", "value": "1"}]}},
    "SELinux of a container": container(seLinuxOptions={"type": "container_t", "level": "s0:c1,c2"}),
    "procMount in a namespace of users": {"hostUsers": False, **container(procMount="Unmasked")},
    "a probe": {"containers": [{"name": "it", "livenessProbe": {"httpGet": {"port": 80}}}]},
    "no host": {"hostPID": False, "hostNetwork": False},
}


@pytest.mark.parametrize("spec", RESTRAINED.values(), ids=RESTRAINED.keys())
def test_a_pod_of_the_level_baseline_passes(spec: Props) -> None:
    for kind in POD_SPECS:
        assert broken(kind, pod(spec, kind)) == {}, kind


SENSOR: Props = {
    "hostNetwork": True,
    "volumes": [
        {"name": "proc", "hostPath": {"path": "/proc"}},
        {"name": "logs", "hostPath": {"path": "/var/log/pods"}},
        {"name": "socket", "hostPath": {"path": "/run/containerd/containerd.sock"}},
    ],
    **container(
        capabilities={"add": ["BPF", "PERFMON", "SYS_PTRACE", "SYS_RESOURCE"]}, appArmorProfile={"type": "Unconfined"}
    ),
}
DAEMON_SET = "kubernetes:apps/v1:DaemonSet"


def sensor(parents: str, spec: Props, name: str = "falco") -> dict[str, list[str]]:
    props = {"metadata": {"name": name, "namespace": "falco"}, **pod(spec, DAEMON_SET)}
    return broken(DAEMON_SET, props, f"urn:pulumi:s::falco-firelens::{parents}{DAEMON_SET}::{name}")


def test_the_sensor_has_what_it_needs() -> None:
    assert sensor("falco-firelens:index:KubernetesSensor$", SENSOR) == {}
    assert sensor("falco-firelens:index:KubernetesSensor$kubernetes:helm.sh/v4:Chart$", SENSOR) == {}


@pytest.mark.parametrize("parents", ["", "my:index:Sensor$", "falco-firelens:index:Network$"])
def test_a_workload_takes_the_sensors_name(parents: str) -> None:
    assert set(sensor(parents, SENSOR)) == {"no-privileged-container", "no-host-access"}
    name = "falco-firelens:index:KubernetesSensor$x"
    assert set(sensor(parents, SENSOR, name)) == {"no-privileged-container", "no-host-access"}


MORE: dict[str, Props] = {
    "privileged": container(privileged=True),
    "SYS_ADMIN": container(capabilities={"add": ["SYS_ADMIN"]}),
    "hostPID": {"hostPID": True},
    "the root of the node": {"volumes": [{"name": "x", "hostPath": {"path": "/"}}]},
    "a path above its own": {"volumes": [{"name": "x", "hostPath": {"path": "/proc/../root"}}]},
    "a path that begins alike": {"volumes": [{"name": "x", "hostPath": {"path": "/var/log-of-others"}}]},
    "seccomp": container(seccompProfile={"type": "Unconfined"}),
}


@pytest.mark.parametrize("spec", MORE.values(), ids=MORE.keys())
def test_the_sensor_has_more_than_it_needs(spec: Props) -> None:
    assert sensor("falco-firelens:index:KubernetesSensor$", spec)


def task(*, container: Props | None = None, **props: object) -> Props:
    return {"containerDefinitions": json.dumps([{"name": "it", "image": "it:1.2.3", **(container or {})}]), **props}


TASKS: dict[str, Props] = {
    "pidMode": task(pidMode="host"),
    "ipcMode": task(ipcMode="host"),
    "networkMode": task(networkMode="host"),
    "a path of the instance": task(volumes=[{"name": "x", "hostPath": "/"}]),
    "Docker's socket": task(volumes=[{"name": "x", "hostPath": "/var/run/docker.sock"}]),
    "privileged": task(container={"privileged": True}),
    "privileged as Go reads it": task(container={"Privileged": True}),
    "SYS_ADMIN": task(container={"linuxParameters": {"capabilities": {"add": ["SYS_ADMIN"]}}}),
    "all in small letters": task(container={"linuxParameters": {"capabilities": {"add": ["all"]}}}),
    "capabilities as Go reads them": task(container={"LinuxParameters": {"Capabilities": {"Add": ["ALL"]}}}),
    "a device": task(container={"linuxParameters": {"devices": [{"hostPath": "/dev/sda"}]}}),
    "AppArmor": task(container={"dockerSecurityOptions": ["apparmor:unconfined"]}),
    "SELinux": task(container={"dockerSecurityOptions": ["label:disable"]}),
    "a sysctl": task(container={"systemControls": [{"namespace": "kernel.core_pattern", "value": "|/x"}]}),
    "twice": {"containerDefinitions": '[{"name": "it", "privileged": true, "Privileged": false}]'},
    "no JSON": {"containerDefinitions": "[{"},
}


@pytest.mark.parametrize("props", TASKS.values(), ids=TASKS.keys())
def test_a_task_is_its_instance(props: Props) -> None:
    assert set(broken(TASK_DEFINITION, props)) & {"no-privileged-container", "no-host-access"}


def test_a_task_of_its_own_passes() -> None:
    own = {"linuxParameters": {"capabilities": {"drop": ["ALL"]}}, "dockerSecurityOptions": ["no-new-privileges"]}
    assert broken(TASK_DEFINITION, task(container=own, networkMode="awsvpc", volumes=[{"name": "scratch"}])) == {}


RBAC = "kubernetes:rbac.authorization.k8s.io/v1"


def rule(verbs: list[str], resources: list[str], groups: list[str] | None = None, **keys: object) -> Props:
    return {"rules": [{"apiGroups": groups or [""], "resources": resources, "verbs": verbs, **keys}]}


STRONG: dict[str, Props] = {
    "everything": rule(["*"], ["*"], ["*"]),
    "all verbs": rule(["*"], ["pods"]),
    "all resources": rule(["get"], ["*"]),
    "all subresources": rule(["create"], ["pods/*"]),
    "all groups": rule(["get"], ["pods"], ["*"]),
    "all URLs": {"rules": [{"nonResourceURLs": ["*"], "verbs": ["get"]}]},
    "escalate": rule(["escalate"], ["clusterroles"], ["rbac.authorization.k8s.io"]),
    "bind": rule(["bind"], ["clusterroles"], ["rbac.authorization.k8s.io"], resourceNames=["cluster-admin"]),
    "impersonate": rule(["impersonate"], ["users", "groups"]),
    "secrets": rule(["get"], ["secrets"]),
    "secrets by a list": rule(["list"], ["secrets"]),
    "secrets by a watch": rule(["WATCH"], ["Secrets"]),
    "exec": rule(["create"], ["pods/exec"]),
    "exec by a websocket": rule(["get"], ["pods/exec"]),
    "attach": rule(["create"], ["pods/attach"]),
    "debug": rule(["patch"], ["pods/ephemeralcontainers"]),
    "the kubelet": rule(["get"], ["nodes/proxy"]),
    "tokens": rule(["create"], ["serviceaccounts/token"]),
    "pods": rule(["create"], ["pods"]),
    "workloads": rule(["update"], ["daemonsets"], ["apps"]),
    "bindings": rule(["create"], ["clusterrolebindings"], ["rbac.authorization.k8s.io"]),
    "admission": rule(["create"], ["mutatingwebhookconfigurations"], ["admissionregistration.k8s.io"]),
    "signing": rule(["approve"], ["signers"], ["certificates.k8s.io"]),
}


@pytest.mark.parametrize("props", STRONG.values(), ids=STRONG.keys())
def test_a_role_is_as_good_as_an_administrator(props: Props) -> None:
    for form in ("", "Patch"):
        assert list(broken(f"{RBAC}:ClusterRole{form}", props)) == ["no-cluster-admin"]
    assert list(broken(f"{RBAC}:ClusterRoleList", {"items": [props]})) == ["no-cluster-admin"]


WEAK: dict[str, Props] = {
    "pods": rule(["get", "list", "watch"], ["pods", "events", "nodes"]),
    "one secret": rule(["get"], ["secrets"], resourceNames=["falco"]),
    "the response": rule(["delete", "get", "patch"], ["pods"]),
    "isolation": rule(["create", "list"], ["networkpolicies"], ["networking.k8s.io"]),
    "health": {"rules": [{"nonResourceURLs": ["/healthz"], "verbs": ["get"]}]},
}


@pytest.mark.parametrize("props", WEAK.values(), ids=WEAK.keys())
def test_a_role_with_what_is_needed_passes(props: Props) -> None:
    assert broken(f"{RBAC}:ClusterRole", props) == {}


def test_secrets_of_one_namespace_pass() -> None:
    assert broken(f"{RBAC}:Role", rule(["get"], ["secrets"])) == {}
    assert broken(f"{RBAC}:Role", rule(["create"], ["pods/exec"]))


def binding(role: str, **subject: str) -> Props:
    subjects = [{"kind": "Group", **subject}] if subject else []
    return {"roleRef": {"kind": "ClusterRole", "name": role}, "subjects": subjects}


BINDINGS = [
    ("ClusterRoleBinding", binding("cluster-admin")),
    ("RoleBinding", binding("cluster-admin")),
    ("ClusterRoleBinding", binding("admin")),
    ("ClusterRoleBinding", binding("edit")),
    ("ClusterRoleBinding", binding("system:kube-controller-manager")),
    ("ClusterRoleBinding", binding("view", name="system:anonymous")),
    ("ClusterRoleBinding", binding("view", name="system:unauthenticated")),
    ("ClusterRoleBinding", binding("view", name="system:authenticated")),
    ("ClusterRoleBinding", binding("view", name="system:masters")),
    ("RoleBinding", binding("view", name="system:serviceaccounts")),
]


@pytest.mark.parametrize(("kind", "props"), BINDINGS, ids=str)
def test_somebody_becomes_the_clusters_administrator(kind: str, props: Props) -> None:
    assert list(broken(f"{RBAC}:{kind}", props)) == ["no-cluster-admin"]


@pytest.mark.parametrize("role", ["view", "falco-firelens-responder", "system:auth-delegator"])
def test_a_binding_to_a_weak_role_passes(role: str) -> None:
    assert broken(f"{RBAC}:ClusterRoleBinding", binding(role, name="falco-firelens:responder")) == {}


def access(name: str, scope: str) -> Props:
    arn = f"arn:aws:eks::aws:cluster-access-policy/{name}"
    return {"policyArn": arn, "accessScope": {"type": scope, "namespaces": ["shop"]}}


@pytest.mark.parametrize(
    ("name", "scope", "good"),
    [
        ("AmazonEKSClusterAdminPolicy", "cluster", False),
        ("AmazonEKSAdminPolicy", "cluster", False),
        ("AmazonEKSAdminPolicy", "namespace", False),
        ("AmazonEKSEditPolicy", "cluster", False),
        ("AmazonEKSSecretReaderPolicy", "cluster", False),
        ("AmazonEKSEditPolicy", "namespace", True),
        ("AmazonEKSViewPolicy", "cluster", True),
    ],
)
def test_an_access_policy_makes_an_administrator(name: str, scope: str, good: bool) -> None:
    found = broken("aws:eks/accessPolicyAssociation:AccessPolicyAssociation", access(name, scope))
    assert (found == {}) is good


# A new type of the SDKs is noticed here.

NO_IAM_DOCUMENTS = re.compile(
    r"lifecycle|alpn|security(_|Policy)|Security|ssl|tls|scaling|termination|placement|retention|recrawl|deletion|"
    r"delivery_policy|filter_policy|redrive|replay_policy|archive_policy|snapshot|tiering|notification_policy|"
    r"protection_policy|dataProtection|DataProtection|metadata_document|document_format|revision|routing|"
    r"default_policy|import_policy|upgrade|user_context|propagation|endpoint_policy|browser_policy|policy_url|saml"
)
"""Words in a property that holds no policy of IAM's form."""

OTHER_LANGUAGES = {
    "aws:cfg/organizationCustomPolicyRule:OrganizationCustomPolicyRule": "Guard",
    "aws:cloudformation/stack:Stack": "what an update of a stack may change",
    "aws:cloudwatch/logAccountPolicy:LogAccountPolicy": "data protection or a subscription",
    "aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy": "data protection",
    "aws:cloudwatch/logIndexPolicy:LogIndexPolicy": "fields to index",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": "how long images are kept",
    "aws:iot/policyAttachment:PolicyAttachment": "a policy's name",
    "aws:networkmanager/coreNetwork:CoreNetwork": "segments and attachments",
    "aws:networkmanager/coreNetworkPolicyAttachment:CoreNetworkPolicyAttachment": "segments and attachments",
    "aws:opensearch/serverlessAccessPolicy:ServerlessAccessPolicy": "collections, indexes and principals by name",
    "aws:opensearch/serverlessLifecyclePolicy:ServerlessLifecyclePolicy": "how long indexes are kept",
    "aws:opensearch/serverlessSecurityPolicy:ServerlessSecurityPolicy": "networks and keys",
    "aws:ram/permission:Permission": "a template without principals",
    "aws:route53/trafficPolicy:TrafficPolicy": "DNS records",
    "aws:sns/dataProtectionPolicy:DataProtectionPolicy": "data protection",
    "aws:odb/network:Network": "endpoint policies of a network of Oracle's",
    "aws:verifiedaccess/endpoint:Endpoint": "Cedar",
    "aws:verifiedaccess/group:Group": "Cedar",
    "aws:ses/receiptFilter:ReceiptFilter": "Allow or Block",
    "aws:dlm/lifecyclePolicy:LifecyclePolicy": "when disks are copied",
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": "a session policy, which only narrows",
}


def resources(package: Any, provider: str) -> Iterator[tuple[str, Path]]:
    """The type tokens of an SDK's resources, with the file that has each."""
    for file in sorted(Path(package.__file__).parent.rglob("*.py")):
        token = re.search(rf"__self__\)\.__init__\(\s*'({provider}:[\w./]+:\w+)',\s*resource_name", file.read_text())
        if token:
            yield token[1], file


def texts_of(file: Path) -> Iterator[str]:
    """The properties of a resource that are a text, or a policy document."""
    tree = ast.parse(file.read_text())
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and function.name == "_internal_init":
            for argument in function.args.args:
                annotation = ast.unparse(argument.annotation) if argument.annotation else ""
                single = "Sequence" not in annotation and "Mapping" not in annotation
                if single and ("_builtins.str" in annotation or "PolicyDocument" in annotation):
                    yield argument.arg


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def test_every_type_of_the_sdk_with_a_policy_document_is_in_the_table() -> None:
    said = re.compile(r"polic(y|ies)$|policy_(document|body|text|template)|^document$")
    missing = [
        (kind, camel(name))
        for kind, file in resources(pulumi_aws, "aws")
        for name in texts_of(file)
        if said.search(name) and not NO_IAM_DOCUMENTS.search(name) and kind not in OTHER_LANGUAGES
        if DOCUMENTS.get(kind) != camel(name)
    ]
    assert missing == []


def test_the_types_in_the_table_are_those_of_the_sdk() -> None:
    known = dict(resources(pulumi_aws, "aws"))
    assert [kind for kind, name in DOCUMENTS.items() if name not in map(camel, texts_of(known[kind]))] == []


def test_every_type_of_the_sdk_with_a_pod_is_in_the_table() -> None:
    found = {
        kind
        for kind, _ in resources(pulumi_kubernetes, "kubernetes")
        if re.search(
            r":(Pod|PodTemplate|ReplicationController|DaemonSet|Deployment|ReplicaSet|StatefulSet|Job|CronJob)"
            r"(Patch|List)?$",
            kind,
        )
    }
    assert found == set(POD_SPECS)
