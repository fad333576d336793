"""Texts that AWS reads: account ids, names, ARNs, address ranges, instance types. Each is checked as AWS checks it."""

import re
from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from falco_firelens.settings.limits import allowed
from falco_firelens.settings.validation.errors import mistake
from falco_firelens.settings.validation.matching import Matching

AccountId = Annotated[str, Matching(r"[0-9]{12}", 'an account id of 12 digits in quotes, such as "111122223333"')]

ClusterName = Annotated[
    str,
    Matching(
        r"[a-z][a-z0-9-]{0,38}[a-z0-9]",
        "2 to 40 lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen",
    ),
]
"""Goes into role names (at most 64 characters with what is added), log streams and Kubernetes names."""

EksClusterName = Annotated[
    str, Matching(r"[0-9A-Za-z][0-9A-Za-z_-]{0,99}", "an EKS cluster's name: letters, digits, hyphens, underscores")
]
"""https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html"""

EcsClusterNameOrArn = Annotated[
    str,
    Matching(
        r"(arn:aws[a-z-]*:ecs:[a-z0-9-]+:[0-9]{12}:cluster/)?[0-9A-Za-z_-]{1,255}",
        "the name or the ARN of an ECS cluster",
    ),
]
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCluster.html"""

RoleName = Annotated[str, Matching(r"[0-9A-Za-z+=,.@_-]{1,64}", "an IAM role's name, without its path and ARN")]
"""https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html"""

KmsKeyArn = Annotated[
    str,
    Matching(
        r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[0-9A-Za-z-]+",
        "the ARN of a KMS key, arn:aws:kms:REGION:ACCOUNT:key/ID; that of an alias will not do",
    ),
]
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_AssociateKmsKey.html"""

BucketArn = Annotated[
    str,
    Matching(r"arn:aws[a-z-]*:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the ARN of a bucket, arn:aws:s3:::NAME"),
]
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"""

REGION_NAME = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]")

RegionName = Annotated[str, Matching(REGION_NAME.pattern, "an AWS region such as eu-west-1")]

OrganizationId = Annotated[str, Matching(r"o-[a-z0-9]{10,32}", "the id of an AWS Organization, such as o-a1b2c3d4e5")]
"""https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html"""

SinkArn = Annotated[
    str,
    Matching(
        r"arn:aws[a-z-]*:oam:[a-z0-9-]+:[0-9]{12}:sink/[0-9A-Za-z-]+",
        "the ARN of an observability sink, arn:aws:oam:REGION:ACCOUNT:sink/ID",
    ),
]
"""https://docs.aws.amazon.com/OAM/latest/APIReference/API_CreateSink.html"""

LogDestinationArn = Annotated[
    str,
    Matching(
        r"arn:aws[a-z-]*:logs:[a-z0-9-]+:[0-9]{12}:destination:[^:*]{1,512}",
        "the ARN of a log destination, arn:aws:logs:REGION:ACCOUNT:destination:NAME",
    ),
]
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutDestination.html"""

StackName = Annotated[
    str,
    Matching(
        r"[0-9A-Za-z_.-]+/[0-9A-Za-z_.-]+/[0-9A-Za-z_.-]+",
        "a stack's full name, ORGANIZATION/PROJECT/STACK; in a backend of your own ORGANIZATION is organization",
    ),
]
"""https://www.pulumi.com/docs/iac/concepts/stacks/#stackreferences"""

DomainArn = Annotated[
    str,
    Matching(
        r"arn:aws[a-z-]*:es:[a-z0-9-]+:[0-9]{12}:domain/[a-z][a-z0-9-]{2,27}",
        "the ARN of an OpenSearch domain, arn:aws:es:REGION:ACCOUNT:domain/NAME",
    ),
]

SecretArn = Annotated[
    str,
    Matching(
        r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[0-9A-Za-z/_+=.@!-]+",
        "the ARN of a secret, arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME",
        shown=False,
    ),
]

LogGroupName = Annotated[
    str,
    Matching(
        allowed("log-group-name"),
        "1 to 512 letters, digits and the characters . _ / # -, not beginning with aws/",
    ),
]
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html"""

RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180),
    *(365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""The periods that CloudWatch Logs keeps events for, in days.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
"""


def _retention(days: int) -> int:
    if days not in RETENTION_DAYS:
        raise mistake(f"one of {', '.join(map(str, RETENTION_DAYS))}, which are what CloudWatch Logs takes")
    return days


RetentionDays = Annotated[int, AfterValidator(_retention), Field(json_schema_extra={"enum": list(RETENTION_DAYS)})]

VpcId = Annotated[str, Matching(r"vpc-([0-9a-f]{8}|[0-9a-f]{17})", "a VPC's id, such as vpc-0123456789abcdef0")]

SubnetId = Annotated[
    str, Matching(r"subnet-([0-9a-f]{8}|[0-9a-f]{17})", "a subnet's id, such as subnet-0123456789abcdef0")
]

TagKey = Annotated[
    str,
    Matching(
        allowed("tag-key"),
        "a tag key of 1 to 128 letters, digits, spaces and _ . : / = + - @, not beginning with aws:",
    ),
]
"""https://docs.aws.amazon.com/IAM/latest/APIReference/API_Tag.html"""

TagValue = Annotated[str, Matching(allowed("tag-value"), "at most 256 letters, digits, spaces and _ . : / = + - @")]
"""IAM, Firehose and others take no tab and no line end, with which a block text of YAML ends."""


def network_of(cidr: str) -> IPv4Network | None:
    """Return the range that a text names, or None where it names none."""
    try:
        return IPv4Network(cidr)
    except ValueError:
        return None


def _cidr(cidr: str) -> str:
    if "/" not in cidr and network_of(cidr):
        raise mistake(f"a range with its prefix length, such as {cidr}/32")
    try:
        meant = IPv4Network(cidr, strict=False)
    except ValueError:
        raise mistake("an IPv4 range such as 10.0.0.0/16") from None
    if network_of(cidr) != meant:
        raise mistake(f"the range's first address: {meant}", found=f'"{cidr}", an address inside a range')
    return cidr


def _public(cidr: str) -> str:
    network = network_of(cidr)
    if network and network.prefixlen and not network.is_global:
        raise mistake("a range of the internet: EKS refuses private and reserved ones at a public endpoint")
    return cidr


Cidr = Annotated[str, AfterValidator(_cidr)]
"""An IPv4 range whose host bits are zero."""

PublicCidr = Annotated[Cidr, AfterValidator(_public)]
"""A range of the internet, or 0.0.0.0/0, all of it; EKS refuses private ones.

https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html
"""

Architecture = Literal["x86_64", "arm64"]

InstanceType = Annotated[str, Matching(r"[a-z]+-?[0-9]+[a-z0-9-]*\.[a-z0-9-]+", "an instance type such as m6i.large")]


def architecture_of(instance_type: str) -> Architecture:
    """Return the architecture of an instance type: arm64 if a `g`, for Graviton, follows the generation number.

    https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html; a1 is older than that convention.
    """
    family = instance_type.partition(".")[0]
    traits = re.sub(r"^[a-z]+-?[0-9]+", "", family)
    return "arm64" if "g" in traits or family == "a1" else "x86_64"
