from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.clusters.network import subnet_cidrs
from falco_firelens.settings.network import SUBNET_BITS
from tests.unit.components.cloud import ZONES, Account, Deployed, deploy
from tests.unit.components.stacks import ECS, EKS, OWN

VPC = "vpc-0123456789abcdef0"
SUBNETS = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
EXISTING = {"existing": {"vpcId": VPC, "privateSubnetIds": SUBNETS}}


def with_network(**network: object) -> Deployed:
    return deploy({"clusters": [EKS], "network": network})


@given(address=st.integers(0, 255), prefix=st.integers(16, 23), zones=st.integers(2, 4), more=st.integers(0, 2))
def test_subnets_are_disjoint_inside_the_vpc_and_stay_when_zones_are_added(
    address: int, prefix: int, zones: int, more: int
) -> None:
    vpc = IPv4Network(f"10.{address}.0.0/{prefix}")
    private, public = subnet_cidrs(str(vpc), zones, SUBNET_BITS)
    subnets = [IPv4Network(cidr) for cidr in (*private, *public)]
    assert len(subnets) == 2 * zones
    assert all(subnet.subnet_of(vpc) for subnet in subnets)
    assert not any(one.overlaps(other) for one in subnets for other in subnets if one is not other)
    later_private, later_public = subnet_cidrs(str(vpc), min(4, zones + more), SUBNET_BITS)
    assert (later_private[:zones], later_public[:zones]) == (private, public)


@pytest.mark.parametrize(("choice", "expected"), [("single", 1), ("perZone", 3)])
def test_private_subnets_reach_out_by_nat(choice: str, expected: int) -> None:
    stack = with_network(availabilityZones=3, natGateways=choice)
    gateways = stack.of("NatGateway")
    assert len(gateways) == len(stack.of("Eip")) == expected
    routes = {route.name: route.inputs for route in stack.of("Route") if "natGatewayId" in route.inputs}
    assert len(routes) == 3
    for zone in ZONES:
        own = zone if choice == "perZone" else "a"
        assert routes[f"network-private-eu-west-1{zone}"]["natGatewayId"] == f"network-nat-eu-west-1{own}-id"
    assert {gateway.inputs["subnetId"] for gateway in gateways} <= {item.name + "-id" for item in stack.of("Subnet")}


def test_each_subnet_has_the_routes_of_its_kind_and_the_tag_that_load_balancers_look_for(created: Deployed) -> None:
    tables = {item.inputs["subnetId"]: item.inputs["routeTableId"] for item in created.of("RouteTableAssociation")}
    for subnet in created.of("Subnet"):
        private = "-private-" in subnet.name
        zone = subnet.inputs["availabilityZone"]
        assert tables[f"{subnet.name}-id"] == (f"network-private-{zone}-id" if private else "network-public-id")
        assert subnet.inputs["tags"][f"kubernetes.io/role/{'internal-elb' if private else 'elb'}"] == "1"
        assert not subnet.inputs.get("mapPublicIpOnLaunch")


def test_s3_is_reached_without_nat_from_every_private_subnet(created: Deployed) -> None:
    (endpoint,) = created.of("VpcEndpoint")
    assert endpoint.inputs["serviceName"] == "com.amazonaws.eu-west-1.s3"
    assert endpoint.inputs["vpcEndpointType"] == "Gateway"
    assert sorted(endpoint.inputs["routeTableIds"]) == [f"network-private-eu-west-1{zone}-id" for zone in "ab"]


def test_nobody_is_in_the_default_security_group(created: Deployed) -> None:
    (group,) = created.of("DefaultSecurityGroup")
    assert not group.inputs.get("ingress") and not group.inputs.get("egress")


def test_a_stack_that_creates_no_cluster_makes_no_network() -> None:
    stack = deploy({"clusters": [OWN]})
    assert stack.of("components:Network") == [] and stack.of("Vpc") == []


def test_a_given_network_is_used_and_none_is_made() -> None:
    account = Account()
    account.subnets = list(SUBNETS)
    stack = deploy({"clusters": [EKS, ECS], "network": EXISTING}, account)
    assert stack.of("Vpc") == [] and stack.of("Subnet") == []
    assert stack.one("eks:index:Cluster", "web").inputs["vpcId"] == VPC
    assert stack.one("NodeGroup", "web_default").inputs["subnetIds"] == SUBNETS
    assert stack.one("autoscaling/group:Group", "jobs").inputs["vpcZoneIdentifiers"] == SUBNETS
    assert stack.one("SecurityGroup", "jobs").inputs["vpcId"] == VPC
