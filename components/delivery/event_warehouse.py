"""EventWarehouse: a Redshift Serverless workgroup for events, which nobody reaches from outside but Firehose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypedDict

import pulumi
from pulumi_aws import ec2, redshiftserverless, vpc

from ..aws.location import AwsLocation

PORT: Final = 5439

FIREHOSE: Final[Mapping[str, str]] = {
    "af-south-1": "13.244.121.224/27",
    "ap-east-1": "18.162.221.32/27",
    "ap-northeast-1": "13.113.196.224/27",
    "ap-northeast-2": "13.209.1.64/27",
    "ap-northeast-3": "13.208.177.192/27",
    "ap-south-1": "13.232.67.32/27",
    "ap-south-2": "18.60.192.128/27",
    "ap-southeast-1": "13.228.64.192/27",
    "ap-southeast-2": "13.210.67.224/27",
    "ap-southeast-3": "108.136.221.64/27",
    "ap-southeast-4": "16.50.161.128/27",
    "ap-southeast-5": "43.216.58.0/27",
    "ca-central-1": "35.183.92.128/27",
    "ca-west-1": "40.176.98.192/27",
    "cn-north-1": "52.81.151.32/27",
    "cn-northwest-1": "161.189.23.64/27",
    "eu-central-1": "35.158.127.160/27",
    "eu-central-2": "16.62.183.32/27",
    "eu-north-1": "13.53.63.224/27",
    "eu-south-1": "15.161.135.128/27",
    "eu-south-2": "18.100.71.96/27",
    "eu-west-1": "52.19.239.192/27",
    "eu-west-2": "18.130.1.96/27",
    "eu-west-3": "35.180.1.96/27",
    "il-central-1": "51.16.102.0/27",
    "me-central-1": "3.28.159.32/27",
    "me-south-1": "15.185.91.0/27",
    "mx-central-1": "78.12.207.32/27",
    "sa-east-1": "18.228.1.128/27",
    "us-east-1": "52.70.63.192/27",
    "us-east-2": "13.58.135.96/27",
    "us-gov-east-1": "18.253.138.96/27",
    "us-gov-west-1": "52.61.204.160/27",
    "us-west-1": "13.57.135.192/27",
    "us-west-2": "52.89.255.224/27",
}
"""Where Firehose comes from, by region: https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html
#using-iam-rs-vpc, which also says that it comes by the database's public address only."""


class WorkgroupArgs(TypedDict):
    """`subnet_ids` are subnets with a route to an internet gateway."""

    vpc_id: str
    subnet_ids: Sequence[str]
    base_capacity: int


class EventWarehouseArgs(TypedDict):
    """`warehouse` is the name of namespace and workgroup; `key_arn` encrypts what is kept."""

    location: AwsLocation
    warehouse: str
    database: str
    workgroup: WorkgroupArgs
    key_arn: pulumi.Input[str]
    protect: bool
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Warehouse:
    """What Firehose and the statement that makes the table have to know; either `workgroup` or `cluster` is given."""

    workgroup: pulumi.Input[str] | None
    cluster: str | None
    jdbc_url: pulumi.Input[str]
    secret_arn: pulumi.Input[str]


class EventWarehouse(pulumi.ComponentResource):
    """A namespace with its database, whose administrator's password AWS makes, keeps and changes, and a workgroup.

    New workgroups ask for TLS of everybody by default (`require_ssl`).
    """

    workgroup_name: pulumi.Output[str]
    secret_arn: pulumi.Output[str]
    jdbc_url: pulumi.Output[str]

    def __init__(self, name: str, args: EventWarehouseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("falco-firelens:index:EventWarehouse", name, {}, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        namespace = redshiftserverless.Namespace(
            name,
            namespace_name=args["warehouse"],
            db_name=args["database"],
            manage_admin_password=True,
            kms_key_id=args["key_arn"],
            tags=args["tags"],
            opts=pulumi.ResourceOptions(parent=self, protect=args["protect"]),
        )
        group, rule = self._security_group(name, args)
        workgroup = redshiftserverless.Workgroup(
            name,
            workgroup_name=args["warehouse"],
            namespace_name=namespace.namespace_name,
            base_capacity=args["workgroup"]["base_capacity"],
            publicly_accessible=True,
            subnet_ids=args["workgroup"]["subnet_ids"],
            security_group_ids=[group.id],
            port=PORT,
            tags=args["tags"],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[rule]),
        )
        self.workgroup_name, self.secret_arn = workgroup.workgroup_name, namespace.admin_password_secret_arn
        self.jdbc_url = workgroup.endpoints.apply(lambda endpoints: _jdbc_url(endpoints, args["database"]))
        self.register_outputs(
            {"workgroupName": self.workgroup_name, "secretArn": self.secret_arn, "jdbcUrl": self.jdbc_url}
        )

    # The quotes keep the SDK's parts from being loaded by programs that make no warehouse.
    def _security_group(
        self, name: str, args: EventWarehouseArgs
    ) -> "tuple[ec2.SecurityGroup, vpc.SecurityGroupIngressRule]":
        """Firehose comes in, and nothing goes out: what COPY reads of S3 comes by Redshift's own network."""
        group = ec2.SecurityGroup(
            name,
            description=f"Firehose to the warehouse {args['warehouse']}",
            vpc_id=args["workgroup"]["vpc_id"],
            tags=args["tags"],
            opts=self._child,
        )
        rule = vpc.SecurityGroupIngressRule(
            name,
            security_group_id=group.id,
            description="Firehose",
            cidr_ipv4=FIREHOSE[args["location"]["region"]],
            ip_protocol="tcp",
            from_port=PORT,
            to_port=PORT,
            tags=args["tags"],
            opts=self._child,
        )
        return group, rule


def _jdbc_url(endpoints: Sequence[Any], database: str) -> str:
    return f"jdbc:redshift://{endpoints[0].address}:{PORT}/{database}"
