"""EC2 networks: VPCs, subnets, gateways, addresses, endpoints."""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false

from typing import Any, ClassVar

from standin.aws.cloud import Region
from standin.aws.resource import Defaults, Properties, Rename, changed
from standin.aws.services.ec2_base import Ec2Resource, by_filter


class Vpc(Ec2Resource):
    """A VPC, and the default things that AWS makes in it."""

    token = "aws:ec2/vpc:Vpc"
    describe, collection, id_parameter = "describe_vpcs", "Vpcs", "VpcIds"
    create_only = frozenset({"cidrBlock", "ipv4IpamPoolId"})
    defaults: ClassVar[Defaults] = {"enableDnsSupport": True, "instanceTenancy": "default"}

    def create(self, region: Region, inputs: Properties) -> str:
        return self.call(region, "create_vpc", inputs, TagSpecifications=[])["Vpc"]["VpcId"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Its two attributes, each by a call of its own."""
        ec2 = self.client(region)
        if changed(inputs, old, "enableDnsSupport"):
            ec2.modify_vpc_attribute(VpcId=identity, EnableDnsSupport={"Value": inputs["enableDnsSupport"]})
        if changed(inputs, old, "enableDnsHostnames"):
            desired = bool(inputs.get("enableDnsHostnames"))
            ec2.modify_vpc_attribute(VpcId=identity, EnableDnsHostnames={"Value": desired})

    def more(self, region: Region, identity: str, found: dict[str, Any], state: Properties) -> Properties:
        ec2 = self.client(region)
        default = by_filter(vpc_id=identity, group_name="default")
        main = by_filter(**{"vpc_id": identity, "association.main": "true"})
        tables = ec2.describe_route_tables(Filters=main)["RouteTables"]
        table = tables[0]["RouteTableId"] if tables else None
        acls = ec2.describe_network_acls(Filters=by_filter(vpc_id=identity, default="true"))["NetworkAcls"]
        groups = ec2.describe_security_groups(Filters=default)["SecurityGroups"]
        return {
            "arn": region.arn("ec2", f"vpc/{identity}"),
            "enableDnsSupport": self._attribute(ec2, identity, "enableDnsSupport"),
            "enableDnsHostnames": self._attribute(ec2, identity, "enableDnsHostnames"),
            "enableNetworkAddressUsageMetrics": False,
            "mainRouteTableId": table,
            "defaultRouteTableId": table,
            "defaultNetworkAclId": acls[0]["NetworkAclId"] if acls else None,
            "defaultSecurityGroupId": groups[0]["GroupId"] if groups else None,
            "ownerId": region.account,
        }

    def _attribute(self, ec2: Any, identity: str, name: str) -> bool:
        answer = ec2.describe_vpc_attribute(VpcId=identity, Attribute=name)
        return answer[name[0].upper() + name[1:]]["Value"]

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        self.client(region).delete_vpc(VpcId=identity)


class Subnet(Ec2Resource):
    """A subnet."""

    token = "aws:ec2/subnet:Subnet"
    describe, collection, id_parameter = "describe_subnets", "Subnets", "SubnetIds"
    create_only = frozenset({"vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId", "outpostArn"})
    defaults: ClassVar[Defaults] = {
        "assignIpv6AddressOnCreation": False,
        "enableDns64": False,
        "enableResourceNameDnsARecordOnLaunch": False,
        "enableResourceNameDnsAaaaRecordOnLaunch": False,
        "ipv6Native": False,
        "mapPublicIpOnLaunch": False,
    }

    def create(self, region: Region, inputs: Properties) -> str:
        desired = {name: value for name, value in inputs.items() if value is not False}
        return self.call(region, "create_subnet", desired, TagSpecifications=[])["Subnet"]["SubnetId"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        if changed(inputs, old, "mapPublicIpOnLaunch"):
            desired = {"Value": inputs["mapPublicIpOnLaunch"]}
            self.client(region).modify_subnet_attribute(SubnetId=identity, MapPublicIpOnLaunch=desired)

    def more(self, region: Region, identity: str, found: dict[str, Any], state: Properties) -> Properties:
        return {"arn": found.get("SubnetArn") or region.arn("ec2", f"subnet/{identity}"), "ownerId": region.account}

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        self.client(region).delete_subnet(SubnetId=identity)


class InternetGateway(Ec2Resource):
    """An internet gateway, attached to a VPC or to none."""

    token = "aws:ec2/internetGateway:InternetGateway"
    describe, collection, id_parameter = "describe_internet_gateways", "InternetGateways", "InternetGatewayIds"

    def create(self, region: Region, inputs: Properties) -> str:
        """Create it; it is attached as the second step."""
        return self.client(region).create_internet_gateway()["InternetGateway"]["InternetGatewayId"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Attaches it where it should be and nowhere else."""
        ec2 = self.client(region)
        found = self.find(region, identity)
        attached = _vpc_of(found) if found else None
        if attached == inputs.get("vpcId"):
            return
        if attached:
            ec2.detach_internet_gateway(InternetGatewayId=identity, VpcId=attached)
        if inputs.get("vpcId"):
            ec2.attach_internet_gateway(InternetGatewayId=identity, VpcId=inputs["vpcId"])

    def more(self, region: Region, identity: str, found: dict[str, Any], state: Properties) -> Properties:
        """Where it is attached."""
        return {
            "arn": region.arn("ec2", f"internet-gateway/{identity}"),
            "ownerId": region.account,
            "vpcId": _vpc_of(found) or "",
        }

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        """Detaches it first."""
        ec2 = self.client(region)
        found = self.find(region, identity)
        if found and (vpc := _vpc_of(found)):
            ec2.detach_internet_gateway(InternetGatewayId=identity, VpcId=vpc)
        ec2.delete_internet_gateway(InternetGatewayId=identity)


def _vpc_of(gateway: dict[str, Any]) -> str | None:
    return next((attachment["VpcId"] for attachment in gateway.get("Attachments", ())), None)


class Eip(Ec2Resource):
    """An Elastic IP address."""

    token = "aws:ec2/eip:Eip"
    describe, collection, id_parameter = "describe_addresses", "Addresses", "AllocationIds"
    create_only = frozenset({"domain", "address", "publicIpv4Pool", "networkBorderGroup"})
    rename: ClassVar[Rename] = {"privateIp": "PrivateIpAddress"}

    def create(self, region: Region, inputs: Properties) -> str:
        return self.call(region, "allocate_address", inputs, Domain="vpc", TagSpecifications=[])["AllocationId"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Give it to an instance or a network interface."""
        ec2 = self.client(region)
        for name, parameter in (("instance", "InstanceId"), ("networkInterface", "NetworkInterfaceId")):
            if inputs.get(name) and changed(inputs, old, name):
                ec2.associate_address(AllocationId=identity, AllowReassociation=True, **{parameter: inputs[name]})

    def more(self, region: Region, identity: str, found: dict[str, Any], state: Properties) -> Properties:
        address = found["PublicIp"]
        host = f"ec2-{address.replace('.', '-')}.{region.name}.compute.amazonaws.com"
        return {
            "allocationId": identity,
            "arn": region.arn("ec2", f"elastic-ip/{identity}"),
            "instance": found.get("InstanceId") or "",
            "networkInterface": found.get("NetworkInterfaceId") or "",
            "publicDns": host,
        }

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        ec2 = self.client(region)
        found = self.find(region, identity)
        if found and found.get("AssociationId"):
            ec2.disassociate_address(AssociationId=found["AssociationId"])
        ec2.release_address(AllocationId=identity)


class NatGateway(Ec2Resource):
    """A NAT gateway."""

    token = "aws:ec2/natGateway:NatGateway"
    describe, collection, id_parameter = "describe_nat_gateways", "NatGateways", "NatGatewayIds"
    create_only = frozenset({"allocationId", "subnetId", "connectivityType", "privateIp", "vpcId"})
    defaults: ClassVar[Defaults] = {"connectivityType": "public"}

    def create(self, region: Region, inputs: Properties) -> str:
        return self.call(region, "create_nat_gateway", inputs, TagSpecifications=[])["NatGateway"]["NatGatewayId"]

    def more(self, region: Region, identity: str, found: dict[str, Any], state: Properties) -> Properties:
        """Its first address."""
        address = next(iter(found.get("NatGatewayAddresses", ())), {})
        return {
            "allocationId": address.get("AllocationId"),
            "privateIp": address.get("PrivateIp"),
            "publicIp": address.get("PublicIp"),
            "networkInterfaceId": address.get("NetworkInterfaceId"),
            "associationId": address.get("AssociationId"),
        }

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        self.client(region).delete_nat_gateway(NatGatewayId=identity)


class VpcEndpoint(Ec2Resource):
    """An endpoint of an AWS service inside a VPC."""

    token = "aws:ec2/vpcEndpoint:VpcEndpoint"
    describe, collection, id_parameter = "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointIds"
    create_only = frozenset({"vpcId", "serviceName", "vpcEndpointType", "serviceRegion"})
    defaults: ClassVar[Defaults] = {"vpcEndpointType": "Gateway"}
    write_only = frozenset({"autoAccept"})
    rename: ClassVar[Rename] = {"policy": "PolicyDocument"}

    def create(self, region: Region, inputs: Properties) -> str:
        """Create it with all its parts."""
        return self.call(region, "create_vpc_endpoint", inputs, TagSpecifications=[])["VpcEndpoint"]["VpcEndpointId"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Add and remove route tables, subnets and security groups; policy and private DNS are set."""
        if old is None:
            return
        parameters: Properties = {}
        sets = (
            ("routeTableIds", "RouteTableIds"),
            ("subnetIds", "SubnetIds"),
            ("securityGroupIds", "SecurityGroupIds"),
        )
        for name, parameter in sets:
            desired, actual = set(inputs.get(name) or ()), set(old.get(name) or ())
            if name in inputs and desired != actual:
                parameters[f"Add{parameter}"] = sorted(desired - actual)
                parameters[f"Remove{parameter}"] = sorted(actual - desired)
        if changed(inputs, old, "policy") and inputs.get("policy"):
            parameters["PolicyDocument"] = inputs["policy"]
        if "privateDnsEnabled" in inputs and changed(inputs, old, "privateDnsEnabled"):
            parameters["PrivateDnsEnabled"] = inputs["privateDnsEnabled"]
        if parameters:
            self.client(region).modify_vpc_endpoint(
                VpcEndpointId=identity, **{name: value for name, value in parameters.items() if value != []}
            )

    def more(self, region: Region, identity: str, found: dict[str, Any], state: Properties) -> Properties:
        groups = [group["GroupId"] for group in found.get("Groups", ())]
        return {
            "arn": region.arn("ec2", f"vpc-endpoint/{identity}"),
            "ownerId": region.account,
            "securityGroupIds": groups or state.get("securityGroupIds", []),
        }

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        self.client(region).delete_vpc_endpoints(VpcEndpointIds=[identity])


RESOURCES = (Vpc, Subnet, InternetGateway, Eip, NatGateway, VpcEndpoint)
