"""For every policy and type that it is about: properties that pass, properties that break it, and what is said."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from falco_firelens.policy.kinds import ATTACHMENTS, DOCUMENTS, ITS_OWN, NARROWING_ONLY
from falco_firelens.policy.pods import POD_SPECS, TASK_DEFINITION

KEY = "arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-0000-0000-000000000000"
NO_KEY = "found nothing; write the ARN of a customer key"


class Sample(NamedTuple):
    """`said` has what each finding of the bad properties says, without the resource's name."""

    good: Mapping[str, Any]
    bad: Mapping[str, Any]
    said: tuple[str, ...]


def key(name: str) -> Sample:
    return Sample({name: KEY}, {}, (f"{name}: {NO_KEY}",))


SWITCH_AND_KEY = Sample(
    {"encrypted": True, "kmsKeyId": KEY},
    {"encrypted": False, "kmsKeyId": "alias/aws/ebs"},
    (
        "encrypted: found false; write true",
        'kmsKeyId: found "alias/aws/ebs", AWS\'s own key; write the ARN of a customer key',
    ),
)

ENCRYPTION = {
    "aws:cloudwatch/logGroup:LogGroup": key("kmsKeyId"),
    "aws:sns/topic:Topic": key("kmsMasterKeyId"),
    "aws:sqs/queue:Queue": key("kmsMasterKeyId"),
    "aws:redshiftserverless/namespace:Namespace": key("kmsKeyId"),
    "aws:ebs/volume:Volume": SWITCH_AND_KEY,
    "aws:redshift/cluster:Cluster": SWITCH_AND_KEY,
    "aws:ec2/launchTemplate:LaunchTemplate": Sample(
        {"blockDeviceMappings": [{"ebs": {"encrypted": "true", "kmsKeyId": KEY}}, {"noDevice": "true"}]},
        {"blockDeviceMappings": [{"ebs": {"encrypted": "true", "kmsKeyId": KEY}}, {"ebs": {"volumeSize": 9}}]},
        (
            "blockDeviceMappings[1].ebs.encrypted: found nothing; write true",
            f"blockDeviceMappings[1].ebs.kmsKeyId: {NO_KEY}",
        ),
    ),
    "aws:eks/cluster:Cluster": Sample(
        {"encryptionConfig": {"provider": {"keyArn": KEY}, "resources": ["secrets"]}},
        {"encryptionConfig": {"provider": {"keyArn": KEY}, "resources": []}},
        (f"encryptionConfig.provider.keyArn: {NO_KEY}",),
    ),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": Sample(
        {"serverSideEncryption": {"enabled": True, "keyType": "CUSTOMER_MANAGED_CMK", "keyArn": KEY}},
        {"serverSideEncryption": {"enabled": True, "keyType": "AWS_OWNED_CMK"}},
        (f"serverSideEncryption.keyArn: {NO_KEY}",),
    ),
    "aws:kinesis/stream:Stream": Sample(
        {"encryptionType": "KMS", "kmsKeyId": KEY},
        {"encryptionType": "NONE"},
        ('encryptionType: found "NONE"; write "KMS"', f"kmsKeyId: {NO_KEY}"),
    ),
    "aws:opensearch/domain:Domain": Sample(
        {
            "encryptAtRest": {"enabled": True, "kmsKeyId": KEY},
            "nodeToNodeEncryption": {"enabled": True},
            "domainEndpointOptions": {"enforceHttps": True},
        },
        {"encryptAtRest": {"enabled": True, "kmsKeyId": KEY}, "domainEndpointOptions": {"enforceHttps": False}},
        (
            "nodeToNodeEncryption.enabled: found nothing; write true",
            "domainEndpointOptions.enforceHttps: found false; write true",
        ),
    ),
}

RETENTION = {
    "aws:cloudwatch/logGroup:LogGroup": Sample(
        {"retentionInDays": 30.0},
        {"retentionInDays": 0.0},
        ("retentionInDays: found 0, which is forever; write a number of days, such as 90",),
    ),
}


def allow(action: object, resource: object = None, **keys: object) -> str:
    """A document of one statement, and of one that denies, which nobody minds."""
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **keys}
    denied = {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Principal": "*"}
    return json.dumps({"Statement": [denied, {name: value for name, value in statement.items() if value}]})


def document(name: str) -> Sample:
    return Sample(
        {name: allow(["s3:GetObject"], "arn:aws:s3:::b/*")},
        {name: allow(["s3:Get*", "s3:PutObject"], "*", Sid="All")},
        (
            f'{name}[All].Action: found "s3:Get*"; write the actions that are needed, by name',
            f'{name}[All].Resource: found "*"; write the ARNs that s3:PutObject is for',
        ),
    )


ATTACHMENT = Sample(
    {"policyArn": "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"},
    {"policyArn": "arn:aws:iam::aws:policy/AmazonS3FullAccess"},
    ("policyArn: found AmazonS3FullAccess, which has wildcards; write a policy with what is needed",),
)


def its_own(name: str) -> Sample:
    return Sample(
        {name: allow(["kms:Decrypt"], "*")},
        {name: allow(["kms:*"], "*")},
        (f'{name}[1].Action: found "kms:*"; write the actions that are needed, by name',),
    )


IAM = {
    "aws:iam/policy:Policy": document("policy"),
    "aws:iam/rolePolicy:RolePolicy": document("policy"),
    "aws:iam/userPolicy:UserPolicy": document("policy"),
    "aws:iam/groupPolicy:GroupPolicy": document("policy"),
    "aws:s3/bucketPolicy:BucketPolicy": document("policy"),
    "aws:sqs/queuePolicy:QueuePolicy": document("policy"),
    "aws:sqs/queue:Queue": document("policy"),
    "aws:dynamodb/resourcePolicy:ResourcePolicy": document("policy"),
    "aws:sns/topicPolicy:TopicPolicy": document("policy"),
    "aws:sns/topic:Topic": document("policy"),
    "aws:opensearch/domain:Domain": document("accessPolicies"),
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": document("policyDocument"),
    "aws:cloudwatch/logDestinationPolicy:LogDestinationPolicy": document("accessPolicy"),
    "aws:iam/role:Role": Sample(
        {"assumeRolePolicy": allow("sts:AssumeRole", Principal={"Service": "ec2.amazonaws.com"})},
        {"inlinePolicies": [{"name": "own", "policy": allow("logs:*", "arn:aws:logs:::x")}]},
        ('inlinePolicies.own[1].Action: found "logs:*"; write the actions that are needed, by name',),
    ),
    "aws:s3/bucket:Bucket": document("policy"),
    "aws:s3/bucketV2:BucketV2": document("policy"),
    "aws:glue/resourcePolicy:ResourcePolicy": document("policy"),
    "aws:iot/policy:Policy": document("policy"),
    "aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy": document("inlinePolicy"),
    "aws:xray/resourcePolicy:ResourcePolicy": document("policyDocument"),
    **{kind: its_own(DOCUMENTS[kind]) for kind in sorted(ITS_OWN)},
    **dict.fromkeys(ATTACHMENTS, ATTACHMENT),
}


EVERYBODY = 'found "*", everybody; write who may come, or a condition such as aws:PrincipalArn with a fixed value'


def principal(name: str) -> Sample:
    return Sample(
        {name: allow("s3:GetObject", Principal="*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})},
        {name: allow("s3:GetObject", Principal={"AWS": "*"}, Condition={"Bool": {"aws:SecureTransport": "true"}})},
        (f"{name}[1].Principal: {EVERYBODY}",),
    )


def shared(path: str, good: object, bad: str = "all") -> Sample:
    *above, last = path.split(".")
    passing: dict[str, Any] = {last: good}
    breaking: dict[str, Any] = {last: bad}
    for key in reversed(above):
        passing, breaking = {key: passing}, {key: breaking}
    return Sample(passing, breaking, (f'{path}: found "{bad}", everybody; write the accounts that need it',))


ACL = shared("acl", "private", "public-read")

PERMISSION = Sample(
    {"principal": "logs.amazonaws.com", "sourceAccount": "111122223333"},
    {"principal": "*", "functionUrlAuthType": "NONE"},
    (
        'principal: found "*", everybody; write who may come, or an organization\'s id',
        'functionUrlAuthType: found "NONE"; write "AWS_IAM"',
    ),
)

PRINCIPAL = {
    **{
        kind: Sample(
            {DOCUMENTS[kind]: allow("s3:GetObject", "*", Principal="*")},
            {DOCUMENTS[kind]: allow("*", "*", Principal="*")},
            (f"{DOCUMENTS[kind]}[1]: found everybody, every action, every resource; write what the endpoint is for",),
        )
        for kind in NARROWING_ONLY
    },
    "aws:ec2/amiLaunchPermission:AmiLaunchPermission": shared("group", None),
    "aws:ec2/vpcEndpointService:VpcEndpointService": shared(
        "allowedPrincipals", ["arn:aws:iam::111122223333:root"], "*"
    ),
    "aws:ec2/vpcEndpointServiceAllowedPrinciple:VpcEndpointServiceAllowedPrinciple": shared(
        "principalArn", "arn:aws:iam::111122223333:root", "*"
    ),
    "aws:rds/clusterSnapshot:ClusterSnapshot": shared("sharedAccounts", ["111122223333"]),
    "aws:rds/snapshot:Snapshot": shared("sharedAccounts", ["111122223333"]),
    "aws:rds/snapshotCopy:SnapshotCopy": shared("sharedAccounts", ["111122223333"]),
    "aws:ssm/document:Document": shared("permissions.account_ids", "111122223333", "All"),
    "aws:s3/bucketAcl:BucketAcl": ACL,
    "aws:s3/bucketAclV2:BucketAclV2": ACL,
    "aws:s3/bucketObject:BucketObject": ACL,
    "aws:s3/bucketObjectv2:BucketObjectv2": ACL,
    "aws:lambda/permission:Permission": PERMISSION,
    "aws:lambda/layerVersionPermission:LayerVersionPermission": PERMISSION,
    "aws:cloudwatch/eventPermission:EventPermission": Sample(
        {"principal": "111122223333"},
        {"principal": "*"},
        ('principal: found "*", everybody; write an account, or a condition with aws:PrincipalOrgID',),
    ),
} | {
    kind: principal("assumeRolePolicy" if kind.endswith("Role") else next(iter(sample.good)))
    for kind, sample in IAM.items()
    if sample is not ATTACHMENT
}


def cidrs(path: str, good: Mapping[str, Any], bad: Mapping[str, Any], world: str = "0.0.0.0/0") -> Sample:
    return Sample(good, bad, (f'{path}: found "{world}"; write the ranges that need it',))


def warehouse(groups: str) -> Sample:
    return Sample(
        {"publiclyAccessible": True, groups: ["sg-1"]},
        {"publiclyAccessible": True},
        (f"publiclyAccessible: found true, and no {groups}; write false, or {groups} that let in who needs it",),
    )


GROUP = cidrs(
    "ingress[1].ipv6CidrBlocks",
    {"ingress": [{"cidrBlocks": ["10.0.0.0/8"]}], "egress": [{"cidrBlocks": ["0.0.0.0/0"]}]},
    {"ingress": [{"cidrBlocks": ["10.0.0.0/8"]}, {"ipv6CidrBlocks": ["::/0"]}]},
    "::/0",
)

ENDPOINT = {
    "aws:eks/cluster:Cluster": cidrs(
        "vpcConfig.publicAccessCidrs",
        {"vpcConfig": {"endpointPublicAccess": True, "publicAccessCidrs": ["198.51.100.0/24"]}},
        {"vpcConfig": {"endpointPublicAccess": True, "publicAccessCidrs": ["198.51.100.0/24", "0.0.0.0/0"]}},
    ),
    "aws:ec2/securityGroup:SecurityGroup": GROUP,
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": GROUP,
    "aws:ec2/securityGroupRule:SecurityGroupRule": cidrs(
        "cidrBlocks",
        {"type": "egress", "cidrBlocks": ["0.0.0.0/0"]},
        {"type": "ingress", "cidrBlocks": ["0.0.0.0/1"]},
        "0.0.0.0/1",
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": cidrs(
        "cidrIpv4", {"cidrIpv4": "10.0.0.0/8"}, {"cidrIpv4": "0.0.0.0/0"}
    ),
    "aws:opensearch/domain:Domain": Sample(
        {"vpcOptions": {"subnetIds": ["subnet-1"]}},
        {},
        ("vpcOptions: found nothing, and no accessPolicies; write subnets of a VPC, or who may reach the domain",),
    ),
    "aws:redshift/cluster:Cluster": warehouse("vpcSecurityGroupIds"),
    "aws:redshiftserverless/workgroup:Workgroup": warehouse("securityGroupIds"),
    "aws:lambda/functionUrl:FunctionUrl": Sample(
        {"authorizationType": "AWS_IAM"},
        {"authorizationType": "NONE"},
        ('authorizationType: found "NONE"; write "AWS_IAM"',),
    ),
}


def pod(kind: str, good: Mapping[str, Any], bad: Mapping[str, Any], *said: str) -> Sample:
    """Nests a pod's keys where the kind has its specification; `{}` in what is said is the path."""
    path = ".".join(POD_SPECS[kind])

    def nested(keys: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = dict(keys)
        for name in reversed(path.split(".")):
            found = {name: found}
        return {"items": [found]} if kind.endswith("List") else found

    above = "items[0]." if kind.endswith("List") else ""
    return Sample(nested(good), nested(bad), tuple(text.format(above + path) for text in said))


def container(**keys: object) -> dict[str, Any]:
    """A container as the second of its pod."""
    return {"initContainers": [{"name": "first"}], "containers": [{"name": "it", **keys}]}


TASK = TASK_DEFINITION


def task(container: Mapping[str, Any]) -> dict[str, Any]:
    return {"containerDefinitions": json.dumps([{"name": "it", **container}])}


PRIVILEGED = {
    **{
        kind: pod(
            kind,
            container(securityContext={"privileged": False, "capabilities": {"add": ["CHOWN"], "drop": ["ALL"]}}),
            container(securityContext={"privileged": True, "capabilities": {"add": ["ALL"]}}),
            "{}.containers[it].securityContext.privileged: found true; write false, and the capabilities that it needs",
            "{}.containers[it].securityContext capabilities: found ALL added; write the capabilities that it needs",
        )
        for kind in POD_SPECS
    },
    TASK: Sample(
        task({"linuxParameters": {"capabilities": {"add": ["CHOWN"], "drop": ["ALL"]}}}),
        task({"privileged": True, "linuxParameters": {"capabilities": {"add": ["ALL"]}}}),
        (
            "containerDefinitions[it].privileged: found true; write false, and the capabilities that it needs",
            "containerDefinitions[it] capabilities: found ALL added; write the capabilities that it needs",
        ),
    ),
}

HOST = {
    **{
        kind: pod(
            kind,
            {"hostPID": False, "volumes": [{"name": "scratch", "emptyDir": {}}]},
            {"hostPID": True, "volumes": [{"name": "root", "hostPath": {"path": "/"}}]},
            "{}.hostPID: found true; write a namespace of its own, which is the default",
            '{}.volumes[root].hostPath: found "/"; write a volume that is not the host\'s, such as emptyDir',
        )
        for kind in POD_SPECS
    },
    TASK: Sample(
        {"networkMode": "awsvpc", "volumes": [{"name": "scratch"}]},
        {"pidMode": "host", "volumes": [{"name": "root", "hostPath": "/"}]},
        (
            'pidMode: found "host"; write a namespace of its own, which is the default',
            'volumes[root].hostPath: found "/"; write a volume that is not the host\'s, such as emptyDir',
        ),
    ),
}

FULL_VERSION = "write its full version, as in falco:0.45.0, or its digest"

LATEST = f'{{}}.containers[it].image: found "falco:latest"; {FULL_VERSION}'

IMAGES = {
    **{
        kind: pod(kind, container(image="falco:0.45.0"), container(image="falco:latest"), LATEST)
        for kind in POD_SPECS
    },
    TASK: Sample(
        task({"image": "public.ecr.aws/aws-observability/aws-for-fluent-bit:init-3.5.10"}),
        task({"image": "public.ecr.aws/aws-observability/aws-for-fluent-bit:init-latest"}),
        (
            'containerDefinitions[it].image: found "public.ecr.aws/aws-observability/aws-for-fluent-bit:init-latest"; '
            + FULL_VERSION,
        ),
    ),
}  # fmt: skip

METADATA = Sample(
    {"metadataOptions": {"httpTokens": "required"}},
    {"metadataOptions": {"httpTokens": "optional"}},
    ('metadataOptions.httpTokens: found "optional"; write "required"',),
)

IMDSV2 = {"aws:ec2/launchTemplate:LaunchTemplate": METADATA, "aws:ec2/instance:Instance": METADATA}

RBAC = "kubernetes:rbac.authorization.k8s.io"


def rbac(kind: str, good: Mapping[str, Any], bad: Mapping[str, Any], path: str, said: str) -> Mapping[str, Sample]:
    forms = [(f"{RBAC}/{version}:{kind}", form) for version in ("v1", "v1beta1", "v1alpha1") for form in ("", "Patch")]
    lists = [(f"{RBAC}/{version}:{kind}", "List") for version in ("v1", "v1beta1", "v1alpha1")]
    return {
        **{name + form: Sample(good, bad, (f"{path}: {said}",)) for name, form in forms},
        **{
            name + form: Sample({"items": [good]}, {"items": [bad]}, (f"items[0].{path}: {said}",))
            for name, form in lists
        },
    }


def role(kind: str) -> Mapping[str, Sample]:
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
    bad = {"rules": [{**rule, "verbs": ["get", "*"]}]}
    return rbac(kind, {"rules": [rule]}, bad, "rules[0].verbs", 'found "*"; write what is needed, by name')


def binding(kind: str) -> Mapping[str, Sample]:
    good, bad = ({"roleRef": {"kind": "ClusterRole", "name": name}} for name in ("view", "cluster-admin"))
    return rbac(kind, good, bad, "roleRef.name", 'found "cluster-admin"; write a role with what is needed')


AWS_AUTH = Sample(
    {"metadata": {"name": "other"}, "data": {"mapRoles": "groups: [system:masters]"}},
    {"metadata": {"name": "aws-auth"}, "data": {"mapRoles": "groups: [system:masters]"}},
    ('data.maproles: found "system:masters"; write a group of its own',),
)

ADMIN = {
    **role("ClusterRole"),
    **role("Role"),
    **binding("ClusterRoleBinding"),
    **binding("RoleBinding"),
    "kubernetes:core/v1:ConfigMap": AWS_AUTH,
    "kubernetes:core/v1:ConfigMapPatch": AWS_AUTH,
    "aws:eks/accessEntry:AccessEntry": Sample(
        {"kubernetesGroups": ["viewers"]},
        {"kubernetesGroups": ["system:masters"]},
        ('kubernetesGroups: found "system:masters"; write a group of its own',),
    ),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": Sample(
        {"policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"},
        {"policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"},
        (
            "policyArn: found AmazonEKSClusterAdminPolicy; write AmazonEKSViewPolicy, "
            "or a Kubernetes group with a Role of its own",
        ),
    ),
}

SAMPLES: Mapping[str, Mapping[str, Sample]] = {
    "encryption": ENCRYPTION,
    "log-retention": RETENTION,
    "no-iam-wildcard": IAM,
    "no-public-principal": PRINCIPAL,
    "no-public-endpoint": ENDPOINT,
    "no-privileged-container": PRIVILEGED,
    "no-host-access": HOST,
    "no-cluster-admin": ADMIN,
    "pinned-images": IMAGES,
    "imdsv2": IMDSV2,
}
