"""Network: a VPC with a public and a private subnet in each of several zones, for the clusters that a stack creates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network
from typing import TypedDict

import pulumi
from pulumi_aws import ec2

from ..aws.location import AwsLocation

_EVERYWHERE = "0.0.0.0/0"


class NetworkArgs(TypedDict):
    """`zones` are availability zones by name; with `nat_per_zone` each has a NAT gateway, else the first one has it.

    A subnet's prefix is longer than the network's by `subnet_bits`.
    """

    location: AwsLocation
    cidr: str
    subnet_bits: int
    zones: Sequence[str]
    nat_per_zone: bool
    tags: Mapping[str, str]


class Network(pulumi.ComponentResource):
    """A VPC whose private subnets reach out by NAT, and S3, which holds the image layers of ECR, by a free endpoint.

    There are no interface endpoints: in two zones one costs as much a month as NAT takes for some 400 GB.
    """

    vpc_id: pulumi.Output[str]
    private_subnet_ids: list[pulumi.Output[str]]
    public_subnet_ids: list[pulumi.Output[str]]

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("falco-firelens:index:Network", name, {}, opts)
        self._prefix = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self._vpc = ec2.Vpc(
            name,
            cidr_block=args["cidr"],
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags=self._tags(name),
            opts=self._child,
        )
        ec2.DefaultSecurityGroup(name, vpc_id=self._vpc.id, tags=self._tags(f"{name}-unused"), opts=self._child)
        zones = args["zones"]
        private, public = subnet_cidrs(args["cidr"], len(zones), args["subnet_bits"])
        public_subnets = self._public_subnets(public)
        private_subnets, tables = self._private_subnets(private, self._nat_gateways(public_subnets))
        ec2.VpcEndpoint(
            f"{name}-s3",
            vpc_id=self._vpc.id,
            service_name=f"com.amazonaws.{args['location']['region']}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id for table in tables],
            tags=self._tags(f"{name}-s3"),
            opts=self._child,
        )
        self.vpc_id = self._vpc.id
        self.private_subnet_ids = [subnet.id for subnet in private_subnets]
        self.public_subnet_ids = [subnet.id for subnet in public_subnets]
        self.register_outputs(
            {
                "vpcId": self.vpc_id,
                "privateSubnetIds": self.private_subnet_ids,
                "publicSubnetIds": self.public_subnet_ids,
            }
        )

    def _tags(self, name: str) -> dict[str, str]:
        return {**self._args["tags"], "Name": name}

    def _subnet(self, kind: str, zone: str, cidr: str, role: str) -> ec2.Subnet:
        """`role` says to the AWS load balancer controller what the subnet is for."""
        name = f"{self._prefix}-{kind}-{zone}"
        return ec2.Subnet(
            name,
            vpc_id=self._vpc.id,
            availability_zone=zone,
            cidr_block=cidr,
            tags={**self._tags(name), f"kubernetes.io/role/{role}": "1"},
            opts=self._child,
        )

    def _table(self, kind: str) -> ec2.RouteTable:
        name = f"{self._prefix}-{kind}"
        return ec2.RouteTable(name, vpc_id=self._vpc.id, tags=self._tags(name), opts=self._child)

    def _associate(self, kind: str, subnet: ec2.Subnet, table: ec2.RouteTable) -> None:
        ec2.RouteTableAssociation(
            f"{self._prefix}-{kind}", subnet_id=subnet.id, route_table_id=table.id, opts=self._child
        )

    def _public_subnets(self, cidrs: Sequence[str]) -> list[ec2.Subnet]:
        self._gateway = ec2.InternetGateway(
            self._prefix, vpc_id=self._vpc.id, tags=self._tags(self._prefix), opts=self._child
        )
        table = self._table("public")
        ec2.Route(
            f"{self._prefix}-public",
            route_table_id=table.id,
            destination_cidr_block=_EVERYWHERE,
            gateway_id=self._gateway.id,
            opts=self._child,
        )
        subnets: list[ec2.Subnet] = []
        for zone, cidr in zip(self._args["zones"], cidrs, strict=True):
            subnet = self._subnet("public", zone, cidr, "elb")
            self._associate(f"public-{zone}", subnet, table)
            subnets.append(subnet)
        return subnets

    def _nat_gateways(self, public: Sequence[ec2.Subnet]) -> list[ec2.NatGateway]:
        """One a private subnet; the same one for all where one was asked for."""
        zones = self._args["zones"] if self._args["nat_per_zone"] else self._args["zones"][:1]
        made: list[ec2.NatGateway] = []
        for zone, subnet in zip(zones, public, strict=False):
            name = f"{self._prefix}-nat-{zone}"
            address = ec2.Eip(name, domain="vpc", tags=self._tags(name), opts=self._child)
            made.append(
                ec2.NatGateway(
                    name,
                    allocation_id=address.id,
                    subnet_id=subnet.id,
                    tags=self._tags(name),
                    opts=pulumi.ResourceOptions(parent=self, depends_on=[self._gateway]),
                )
            )
        return made if self._args["nat_per_zone"] else made * len(public)

    def _private_subnets(
        self, cidrs: Sequence[str], gateways: Sequence[ec2.NatGateway]
    ) -> tuple[list[ec2.Subnet], list[ec2.RouteTable]]:
        subnets: list[ec2.Subnet] = []
        tables: list[ec2.RouteTable] = []
        for zone, cidr, gateway in zip(self._args["zones"], cidrs, gateways, strict=True):
            subnet = self._subnet("private", zone, cidr, "internal-elb")
            table = self._table(f"private-{zone}")
            ec2.Route(
                f"{self._prefix}-private-{zone}",
                route_table_id=table.id,
                destination_cidr_block=_EVERYWHERE,
                nat_gateway_id=gateway.id,
                opts=self._child,
            )
            self._associate(f"private-{zone}", subnet, table)
            subnets.append(subnet)
            tables.append(table)
        return subnets, tables


def subnet_cidrs(cidr: str, zones: int, subnet_bits: int) -> tuple[list[str], list[str]]:
    """Return the private and the public subnets' ranges; those of a zone stay what they are when others are added."""
    blocks = [str(block) for block in IPv4Network(cidr).subnets(prefixlen_diff=subnet_bits)]
    half = len(blocks) // 2
    return blocks[:zones], blocks[half : half + zones]
