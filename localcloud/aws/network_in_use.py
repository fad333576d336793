"""Makes moto's EC2 refuse to delete what is in use, as the real one does.

Functions and EKS clusters use subnets and security groups by network interfaces, of which moto knows nothing. They go
with their owner here; on AWS those of a function go up to 45 minutes later, for which the provider waits.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpc.html
"""

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from moto.awslambda.models import lambda_backends
from moto.ec2.exceptions import DependencyViolationError
from moto.ec2.models import EC2Backend
from moto.eks.models import eks_backends


class _Use(NamedTuple):
    """What one network interface, or what has some, is in."""

    subnets: Collection[str]
    groups: Collection[str]


def install() -> None:
    """Make moto do so, in this process."""
    backends: Any = EC2Backend
    _check_before(backends, "delete_subnet", _subnet)
    _check_before(backends, "delete_security_group", _group)
    _check_before(backends, "delete_vpc", _vpc)
    _check_before(backends, "detach_internet_gateway", _gateway)


def _check_before(backends: Any, operation: str, check: Any) -> None:
    proceed = getattr(backends, operation)

    def checked(self: Any, *given: Any, **named: Any) -> Any:
        check(self, *given, **named)
        return proceed(self, *given, **named)

    setattr(backends, operation, checked)


def _subnet(ec2: Any, subnet_id: str) -> None:
    if any(subnet_id in use.subnets for use in _uses(ec2)):
        raise DependencyViolationError(f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")


def _group(ec2: Any, name: str | None = None, group_id: str | None = None) -> None:
    wanted = group_id or name
    used = any(wanted in use.groups for use in _uses(ec2))
    others = [group for groups in ec2.groups.values() for group in groups.values() if group.id != wanted]
    if used or any(_names(group, wanted) for group in others):
        raise DependencyViolationError(f"resource {wanted} has a dependent object")


def _names(group: Any, wanted: str | None) -> bool:
    """Whether a security group's rules name another group."""
    rules = [*group.ingress_rules, *group.egress_rules]
    return any(rule.source_group.get("GroupId") == wanted for rule in rules)


def _vpc(ec2: Any, vpc_id: str) -> None:
    """Subnets and route tables are moto's own affair."""
    groups = [group for group in ec2.groups.get(vpc_id, {}).values() if group.name != "default"]
    gateways = [one for one in ec2.internet_gateways.values() if one.vpc and one.vpc.id == vpc_id]
    endpoints = [one for one in ec2.vpc_end_points.values() if one.vpc_id == vpc_id and one.state != "deleted"]
    if groups or gateways or endpoints:
        raise DependencyViolationError(f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")


def _gateway(ec2: Any, internet_gateway_id: str, vpc_id: str) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DetachInternetGateway.html"""
    gateways = [one for one in ec2.nat_gateways.values() if one.vpc_id == vpc_id and one.state != "deleted"]
    public = [one for one in gateways if one.connectivity_type != "private"]
    instances = [one for one in _running(ec2) if one.vpc_id == vpc_id and one.public_ip]
    if public or instances:
        raise DependencyViolationError(
            f"Network {vpc_id} has some mapped public address(es). Please unmap those public address(es) before "
            "detaching the gateway."
        )


def _uses(ec2: Any) -> Iterator[_Use]:
    for interface in ec2.enis.values():
        yield _Use({interface.subnet.id}, {group.id for group in interface.group_set})
    for endpoint in ec2.vpc_end_points.values():
        if endpoint.state != "deleted":
            yield _Use(endpoint.subnet_ids or (), endpoint.security_group_ids or ())
    for function in lambda_backends[ec2.account_id][ec2.region_name].list_functions():
        network = function.vpc_config or {}
        yield _Use(network.get("SubnetIds", ()), network.get("SecurityGroupIds", ()))
    for cluster in eks_backends[ec2.account_id][ec2.region_name].clusters.values():
        network = cluster.resources_vpc_config
        yield _Use(network.get("subnetIds", ()), network.get("securityGroupIds", ()))


def _running(ec2: Any) -> Iterator[Any]:
    for reservation in ec2.reservations.values():
        yield from (one for one in reservation.instances if one.state != "terminated")
