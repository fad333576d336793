"""EventSearch: an OpenSearch domain for events, which only IAM principals of the account reach."""

from collections.abc import Mapping
from typing import TypedDict

import pulumi
from pulumi_aws import opensearch

from ..aws.location import AwsLocation, arn, global_arn
from ..aws.policy_document import Statement, policy_document

SHORTEST_DOMAIN, LONGEST_DOMAIN = 3, 28
"""https://docs.aws.amazon.com/opensearch-service/latest/APIReference/API_CreateDomain.html"""

TLS_POLICY = "Policy-Min-TLS-1-2-PFS-2023-10"


class DomainArgs(TypedDict):
    """Engine, and data nodes, each with a disk."""

    instance_type: str
    instances: int
    volume_gib: int
    version: str


class EventSearchArgs(TypedDict):
    """`key_arn` encrypts the disks; its policy lets the account's principals use it."""

    location: AwsLocation
    domain_name: str
    domain: DomainArgs
    key_arn: pulumi.Input[str]
    protect: bool
    tags: Mapping[str, str]


class EventSearch(pulumi.ComponentResource):
    """A domain, encrypted at rest and between its nodes, spoken to by HTTPS only."""

    domain_arn: pulumi.Output[str]
    endpoint: pulumi.Output[str]

    def __init__(self, name: str, args: EventSearchArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("falco-firelens:index:EventSearch", name, {}, opts)
        desired = args["domain"]
        domain = opensearch.Domain(
            name,
            domain_name=args["domain_name"],
            engine_version=desired["version"],
            cluster_config={
                "instance_type": desired["instance_type"],
                "instance_count": desired["instances"],
                "zone_awareness_enabled": desired["instances"] % 2 == 0,
            },
            ebs_options={"ebs_enabled": True, "volume_type": "gp3", "volume_size": desired["volume_gib"]},
            encrypt_at_rest={"enabled": True, "kms_key_id": args["key_arn"]},
            node_to_node_encryption={"enabled": True},
            domain_endpoint_options={"enforce_https": True, "tls_security_policy": TLS_POLICY},
            access_policies=access_policy(args["location"], args["domain_name"]),
            tags=args["tags"],
            opts=pulumi.ResourceOptions(parent=self, protect=args["protect"]),
        )
        self.domain_arn, self.endpoint = domain.arn, domain.endpoint
        self.register_outputs({"domainArn": self.domain_arn, "endpoint": self.endpoint})


def domain_name(slug: str) -> str:
    """Return a domain's name from one of letters, digits and hyphens; it begins with a letter."""
    name = slug if slug[0].isalpha() else f"e-{slug}"
    return name[:LONGEST_DOMAIN].strip("-") if len(name) >= SHORTEST_DOMAIN else f"{name}-events"


def access_policy(location: AwsLocation, domain: str) -> pulumi.Output[str]:
    """Return the domain's access policy: the account's IAM policies say who reads and writes, and requests must be
    signed.
    """
    statement: Statement = {
        "Sid": "Account",
        "Effect": "Allow",
        "Principal": {"AWS": global_arn(location, "iam", "root")},
        "Action": [f"es:ESHttp{method}" for method in ("Delete", "Get", "Head", "Patch", "Post", "Put")],
        "Resource": arn(location, "es", f"domain/{domain}/*"),
    }
    return policy_document(statement)


def search_statements(domain_arn: pulumi.Input[str], index: str) -> list[Statement]:
    """Return what Firehose needs of a domain: to look at it, to write into it, and to see how it does.

    https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-es
    """
    looks = ("_all/_settings", "_cluster/stats", f"{index}*/_mapping/*", "_nodes", "_nodes/*/stats", "_stats")
    return [
        {
            "Sid": "FindDomain",
            "Effect": "Allow",
            "Action": ["es:DescribeDomain", "es:DescribeDomainConfig", "es:DescribeDomains"],
            "Resource": domain_arn,
        },
        {
            "Sid": "IndexEvents",
            "Effect": "Allow",
            "Action": ["es:ESHttpPost", "es:ESHttpPut"],
            "Resource": [domain_arn, pulumi.Output.concat(domain_arn, "/*")],
        },
        {
            "Sid": "WatchDomain",
            "Effect": "Allow",
            "Action": "es:ESHttpGet",
            "Resource": [pulumi.Output.concat(domain_arn, "/", path) for path in (*looks, f"{index}*/_stats")],
        },
    ]
