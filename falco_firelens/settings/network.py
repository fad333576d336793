"""The network that created clusters live in: made by the stack, or given."""

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ModelWrapValidatorHandler, field_validator, model_validator
from pydantic_core import InitErrorDetails

from falco_firelens.settings.types import Cidr, SubnetId, VpcId, network_of
from falco_firelens.settings.validation.errors import at, mistake, with_mistakes
from falco_firelens.settings.validation.model import Model
from falco_firelens.settings.validation.raw import keys_of

SUBNET_BITS = 3
"""Subnets are an eighth of the VPC, whatever the number of zones, so that a zone can be added later."""

LARGEST_VPC = 16
"""https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html"""

SMALLEST_VPC = 23
"""Prefix length of the smallest VPC that is made. Its subnets are a /26, in which AWS leaves 59 addresses, two nodes
full of pods; AWS itself would go down to a /28."""

DOCKER_BRIDGE = IPv4Network("172.17.0.0/16")
"""Docker's own network on every ECS instance; traffic to a VPC there would not leave the instance.

https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
"""

UNROUTABLE = tuple(IPv4Network(cidr) for cidr in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"))
"""This network, loopback, link-local, and from multicast upwards: no VPC may lie there."""


def _vpc_cidr(cidr: str) -> str:
    network = network_of(cidr)
    if network is None:
        return cidr
    if not LARGEST_VPC <= network.prefixlen <= SMALLEST_VPC:
        raise mistake(f"a range between /{LARGEST_VPC} and /{SMALLEST_VPC}: each zone gets two eighths of it")
    for reserved in UNROUTABLE:
        if network.overlaps(reserved):
            raise mistake(f"a private range such as 10.0.0.0/16, outside {reserved}")
    if network.overlaps(DOCKER_BRIDGE):
        raise mistake(f"a range that does not overlap {DOCKER_BRIDGE}, Docker's own network on ECS instances")
    return cidr


class ExistingNetwork(Model):
    """A VPC that exists already."""

    vpc_id: VpcId
    """The VPC's id."""

    private_subnet_ids: Annotated[tuple[SubnetId, ...], Field(min_length=2)]
    """Subnets for nodes, in at least two availability zones, with a way out: NAT, or endpoints of the AWS services
    and an `imageRegistry` that they reach, since public.ecr.aws has no endpoint."""

    @field_validator("private_subnet_ids")
    @classmethod
    def _once_each(cls, ids: tuple[str, ...]) -> tuple[str, ...]:
        twice = sorted({subnet for subnet in ids if ids.count(subnet) > 1})
        if twice:
            raise mistake("each subnet once", found=f"{twice[0]} twice")
        return ids


class Network(Model):
    """The VPC of the clusters that the stack creates, and of the response's function.

    Where every cluster exists already none is made, and one that is given is for the function alone."""

    availability_zones: Annotated[int, Field(ge=2, le=4)] = 2
    """How many availability zones to spread over. EKS needs two."""

    cidr: Annotated[Cidr, AfterValidator(_vpc_cidr)] = "10.0.0.0/16"
    """The VPC's range of IPv4 addresses. Each zone gets a private and a public subnet, an
    eighth of it each, whatever the number of zones."""

    nat_gateways: Literal["single", "perZone"] = "single"
    """One NAT gateway for all zones, or one in each. With one, an outage of its zone takes the others offline; each
    costs by the hour."""

    existing: ExistingNetwork | None = None
    """Use this VPC, and create none."""

    @model_validator(mode="wrap")
    @classmethod
    def _made_or_given(cls, data: Any, handler: ModelWrapValidatorHandler["Network"]) -> "Network":
        return with_mistakes(handler, data, _of_a_made_vpc(data))


def _of_a_made_vpc(data: object) -> Iterator[InitErrorDetails]:
    keys = keys_of(data)
    for key in ("availabilityZones", "cidr", "natGateways"):
        if key in keys and "existing" in keys:
            yield at((key,), keys[key], mistake("this key only where the stack makes the VPC, not beside existing"))
