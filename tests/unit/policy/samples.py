"""For every policy and type that it is about: properties that pass, properties that break it, and what is said."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

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
        ("retentionInDays: found 0, which is for ever; write a number of days, such as 90",),
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

ITS_OWN = Sample(
    {"policy": allow(["kms:Decrypt"], "*")},
    {"policy": allow(["kms:*"], "*")},
    ('policy[1].Action: found "kms:*"; write the actions that are needed, by name',),
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
    "aws:kms/key:Key": ITS_OWN,
    "aws:oam/sinkPolicy:SinkPolicy": ITS_OWN,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ATTACHMENT,
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": ATTACHMENT,
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment": ATTACHMENT,
}


def principal(name: str) -> Sample:
    return Sample(
        {name: allow("s3:GetObject", Principal="*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})},
        {name: allow("s3:GetObject", Principal={"AWS": "*"}, Condition={"Bool": {"aws:SecureTransport": "true"}})},
        (f'{name}[1].Principal: found "*", everybody; write who may come, or a condition such as aws:PrincipalArn',),
    )


PRINCIPAL = {
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


def pod(path: str, good: Mapping[str, Any], bad: Mapping[str, Any], *said: str) -> Sample:
    """Nests a container under a path such as `spec.template.spec`, as the second kind of container too."""

    def nested(container: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {"initContainers": [{"name": "first"}], "containers": [{"name": "it", **container}]}
        for name in reversed(path.split(".")):
            found = {name: found}
        return found

    return Sample(nested(good), nested(bad), tuple(f"{path}.containers[it]{text}" for text in said))


PODS = {
    "kubernetes:core/v1:Pod": "spec",
    "kubernetes:apps/v1:DaemonSet": "spec.template.spec",
    "kubernetes:apps/v1:Deployment": "spec.template.spec",
    "kubernetes:apps/v1:ReplicaSet": "spec.template.spec",
    "kubernetes:apps/v1:StatefulSet": "spec.template.spec",
    "kubernetes:batch/v1:Job": "spec.template.spec",
    "kubernetes:batch/v1:CronJob": "spec.jobTemplate.spec.template.spec",
}
TASK = "aws:ecs/taskDefinition:TaskDefinition"


def task(container: Mapping[str, Any]) -> dict[str, Any]:
    return {"containerDefinitions": json.dumps([{"name": "it", **container}])}


PRIVILEGED = {
    **{
        kind: pod(
            path,
            {"securityContext": {"privileged": False, "capabilities": {"add": ["BPF", "PERFMON"], "drop": ["ALL"]}}},
            {"securityContext": {"privileged": True, "capabilities": {"add": ["ALL"]}}},
            ".securityContext.privileged: found true; write false, and the capabilities that it needs",
            ".securityContext capabilities: found ALL added; write the capabilities that it needs",
        )
        for kind, path in PODS.items()
    },
    TASK: Sample(
        task({"linuxParameters": {"capabilities": {"add": ["SYS_ADMIN"], "drop": ["ALL"]}}}),
        task({"privileged": True, "linuxParameters": {"capabilities": {"add": ["ALL"]}}}),
        (
            "containerDefinitions[it].privileged: found true; write false, and the capabilities that it needs",
            "containerDefinitions[it] capabilities: found ALL added; write the capabilities that it needs",
        ),
    ),
}

FULL_VERSION = "write its full version, as in falco:0.45.0, or its digest"

LATEST = f'.image: found "falco:latest"; {FULL_VERSION}'

IMAGES = {
    **{
        kind: pod(path, {"image": "falco:0.45.0"}, {"image": "falco:latest"}, LATEST)
        for kind, path in PODS.items()
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

SAMPLES: Mapping[str, Mapping[str, Sample]] = {
    "encryption": ENCRYPTION,
    "log-retention": RETENTION,
    "no-iam-wildcard": IAM,
    "no-public-principal": PRINCIPAL,
    "no-public-endpoint": ENDPOINT,
    "no-privileged-container": PRIVILEGED,
    "pinned-images": IMAGES,
    "imdsv2": IMDSV2,
}
