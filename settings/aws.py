"""Texts that AWS reads: account ids, names, ARNs, address ranges, instance types. Each is checked as AWS checks it."""

import re
from collections.abc import Callable
from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from settings.errors import mistake

Architecture = Literal["x86_64", "arm64"]

RetentionDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]  # fmt: skip
"""The periods that CloudWatch Logs keeps events for, in days.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
"""


def matching(pattern: str, expected: str) -> Callable[[str], str]:
    """A check that the whole of a text matches a pattern; `expected` says in words what the pattern is."""
    whole = re.compile(pattern)

    def check(text: str) -> str:
        if not whole.fullmatch(text):
            raise mistake(expected)
        return text

    return check


def text(pattern: str, expected: str) -> tuple[AfterValidator, object]:
    """The parts of an annotated text that a pattern checks, here and in the JSON schema."""
    return AfterValidator(matching(pattern, expected)), Field(json_schema_extra={"pattern": f"^(?:{pattern})$"})


AccountId = Annotated[str, *text(r"\d{12}", 'an account id of 12 digits in quotes, such as "111122223333"')]

ClusterName = Annotated[
    str,
    *text(
        r"[a-z][a-z0-9-]{0,38}[a-z0-9]",
        "2 to 40 lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen",
    ),
]
"""Goes into role names (at most 64 characters with what is added), log streams and Kubernetes names."""

EksClusterName = Annotated[
    str, *text(r"[0-9A-Za-z][A-Za-z0-9_-]{0,99}", "the name of an EKS cluster: letters, digits, hyphens, underscores")
]
"""https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html"""

EcsClusterNameOrArn = Annotated[
    str,
    *text(
        r"(arn:aws[a-z-]*:ecs:[a-z0-9-]+:\d{12}:cluster/)?[A-Za-z0-9_-]{1,255}",
        "the name or the ARN of an ECS cluster",
    ),
]
"""https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Cluster.html"""

RoleName = Annotated[str, *text(r"[A-Za-z0-9+=,.@_-]{1,64}", "the name of an IAM role, without its ARN and path")]
"""https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html"""

KmsKeyArn = Annotated[
    str,
    *text(
        r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+",
        "the ARN of a KMS key, such as arn:aws:kms:eu-west-1:111122223333:key/… (an alias will not do)",
    ),
]
"""CloudWatch Logs takes no alias: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_AssociateKmsKey.html"""

LogGroupName = Annotated[
    str,
    *text(
        r"(?!aws/)[A-Za-z0-9._/#-]{1,512}",
        "1 to 512 letters, digits and the characters . _ / # -, not beginning with aws/",
    ),
]
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html"""

VpcId = Annotated[str, *text(r"vpc-([0-9a-f]{8}|[0-9a-f]{17})", "the id of a VPC, such as vpc-0123456789abcdef0")]
SubnetId = Annotated[
    str, *text(r"subnet-([0-9a-f]{8}|[0-9a-f]{17})", "the id of a subnet, such as subnet-0123456789abcdef0")
]

TagKey = Annotated[
    str,
    *text(
        r"(?![aA][wW][sS]:)[\w\s.:/=+@-]{1,128}",
        "a tag key of 1 to 128 letters, digits, spaces and _ . : / = + - @, not beginning with aws:",
    ),
]
TagValue = Annotated[
    str,
    *text(r"[\w\s.:/=+@-]{0,256}", "a tag value of at most 256 letters, digits, spaces and _ . : / = + - @"),
]
"""https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html"""


def network_of(cidr: str) -> IPv4Network | None:
    """The range that a text names, or None where it names none."""
    try:
        return IPv4Network(cidr)
    except ValueError:
        return None


def _cidr(text: str) -> str:
    if network_of(text):
        return text
    try:
        meant = IPv4Network(text, strict=False)
    except ValueError:
        raise mistake("an IPv4 range such as 10.0.0.0/16") from None
    if "/" not in text:
        raise mistake(f"a range with its prefix length, such as {text}/32")
    raise mistake(f"the range's first address: {meant}", found=f'"{text}", an address inside a range')


def _with_prefix(text: str) -> str:
    if "/" not in text and network_of(text):
        raise mistake(f"a range with its prefix length, such as {text}/32")
    return text


Cidr = Annotated[str, AfterValidator(_cidr), AfterValidator(_with_prefix)]
"""An IPv4 range whose host bits are zero."""

_INSTANCE_TYPE = re.compile(r"[a-z]+-?(?P<generation>\d+)(?P<traits>[a-z0-9-]*)\.[a-z0-9-]+")

InstanceType = Annotated[str, *text(r"[a-z]+-?\d+[a-z0-9-]*\.[a-z0-9-]+", "an EC2 instance type such as m6i.large")]


def architecture_of(instance_type: str) -> Architecture:
    """The processor architecture of an instance type: arm64 where a `g`, for Graviton, follows the generation number.

    https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html; a1 is older than that convention.
    """
    match = _INSTANCE_TYPE.fullmatch(instance_type)
    traits = match["traits"] if match else ""
    return "arm64" if "g" in traits or instance_type.startswith("a1.") else "x86_64"
