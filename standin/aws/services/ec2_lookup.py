"""EC2's functions: looking up VPCs, subnets, security groups, route tables, images and instance types."""

import datetime
import re
from collections.abc import Iterable
from typing import Any

from standin.aws import api, sdk, tags
from standin.aws.cloud import Region
from standin.aws.resource import Properties

ARGUMENT_FILTERS = {
    "availabilityZone": "availability-zone",
    "cidrBlock": "cidr-block",
    "defaultForAz": "default-for-az",
    "dhcpOptionsId": "dhcp-options-id",
    "default": "is-default",
    "name": "group-name",
    "state": "state",
    "subnetId": "association.subnet-id",
    "vpcId": "vpc-id",
}


def _filters(arguments: Properties, *names: str) -> list[dict[str, Any]]:
    """AWS's filters out of the `filters`, `tags` and plain arguments of a function."""
    given = [{"Name": one["name"], "Values": one["values"]} for one in arguments.get("filters", ())]
    tagged = [{"Name": f"tag:{key}", "Values": [value]} for key, value in arguments.get("tags", {}).items()]
    plain = [
        {"Name": ARGUMENT_FILTERS[name], "Values": [_text(arguments[name])]} for name in names if name in arguments
    ]
    return given + tagged + plain


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _one(found: list[Properties], what: str) -> Properties:
    if len(found) != 1:
        raise LookupError(f"{len(found) or 'no'} {what} match, one is needed")
    return found[0]


def _result(token: str, answer: Properties, rename: api.Rename | None = None) -> Properties:
    fields = sdk.function_type(token).result.fields
    found = api.properties(answer, {name: field.type for name, field in fields.items()}, rename)
    return {**found, "tags": tags.from_api(answer.get("Tags"))} if "tags" in fields else found


def get_vpc(region: Region, arguments: Properties) -> Properties:
    """Return the one VPC that matches."""
    ec2 = region.client("ec2")
    ids = {"VpcIds": [arguments["id"]]} if "id" in arguments else {}
    filters = _filters(arguments, "cidrBlock", "default", "dhcpOptionsId", "state")
    found = _one(ec2.describe_vpcs(Filters=filters, **ids)["Vpcs"], "VPCs")
    identity = found["VpcId"]
    main = [{"Name": "vpc-id", "Values": [identity]}, {"Name": "association.main", "Values": ["true"]}]
    tables = ec2.describe_route_tables(Filters=main)["RouteTables"]
    attributes = {
        name: ec2.describe_vpc_attribute(VpcId=identity, Attribute=name)[name[0].upper() + name[1:]]["Value"]
        for name in ("enableDnsSupport", "enableDnsHostnames")
    }
    return {
        **_result("aws:ec2/getVpc:getVpc", found),
        **attributes,
        "arn": region.arn("ec2", f"vpc/{identity}"),
        "default": found.get("IsDefault", False),
        "enableNetworkAddressUsageMetrics": False,
        "id": identity,
        "mainRouteTableId": tables[0]["RouteTableId"] if tables else "",
        "ownerId": region.account,
    }


def get_security_group(region: Region, arguments: Properties) -> Properties:
    """Return the one security group that matches."""
    ids = {"GroupIds": [arguments["id"]]} if "id" in arguments else {}
    filters = _filters(arguments, "name", "vpcId")
    found = _one(region.client("ec2").describe_security_groups(Filters=filters, **ids)["SecurityGroups"], "groups")
    identity = found["GroupId"]
    return {
        **_result("aws:ec2/getSecurityGroup:getSecurityGroup", found),
        "arn": region.arn("ec2", f"security-group/{identity}"),
        "id": identity,
        "name": found["GroupName"],
    }


def get_subnet(region: Region, arguments: Properties) -> Properties:
    """Return the one subnet that matches."""
    ids = {"SubnetIds": [arguments["id"]]} if "id" in arguments else {}
    filters = _filters(arguments, "availabilityZone", "cidrBlock", "defaultForAz", "state", "vpcId")
    found = _one(region.client("ec2").describe_subnets(Filters=filters, **ids)["Subnets"], "subnets")
    identity = found["SubnetId"]
    return {
        **_result("aws:ec2/getSubnet:getSubnet", found),
        "arn": found.get("SubnetArn") or region.arn("ec2", f"subnet/{identity}"),
        "availableIpAddressCount": found["AvailableIpAddressCount"],
        "id": identity,
        "ownerId": region.account,
    }


def get_subnets(region: Region, arguments: Properties) -> Properties:
    """Return the ids of all subnets that match."""
    pages = region.client("ec2").get_paginator("describe_subnets").paginate(Filters=_filters(arguments))
    return {"id": region.name, "ids": sorted(one["SubnetId"] for page in pages for one in page["Subnets"])}


def get_route_tables(region: Region, arguments: Properties) -> Properties:
    """Return the ids of all route tables that match."""
    found = region.client("ec2").describe_route_tables(Filters=_filters(arguments, "vpcId"))["RouteTables"]
    return {"id": region.name, "ids": sorted(one["RouteTableId"] for one in found)}


def get_route_table(region: Region, arguments: Properties) -> Properties:
    """Return the one route table that matches."""
    ids = {"RouteTableIds": [arguments["routeTableId"]]} if "routeTableId" in arguments else {}
    filters = _filters(arguments, "subnetId", "vpcId")
    found = _one(region.client("ec2").describe_route_tables(Filters=filters, **ids)["RouteTables"], "route tables")
    identity = found["RouteTableId"]
    token = "aws:ec2/getRouteTable:getRouteTable"
    more = {"arn": region.arn("ec2", f"route-table/{identity}"), "id": identity, "ownerId": region.account}
    return {**_result(token, found, {"cidrBlock": "DestinationCidrBlock"}), **more}


def get_ami(region: Region, arguments: Properties) -> Properties:
    """Return the image that matches, the newest where asked for."""
    parameters: Properties = {"Filters": _filters(arguments)}
    if arguments.get("owners"):
        parameters["Owners"] = arguments["owners"]
    images: Iterable[Properties] = region.client("ec2").describe_images(**parameters)["Images"]
    pattern = re.compile(arguments.get("nameRegex", ""))
    matching = sorted((one for one in images if pattern.search(one.get("Name", ""))), key=_age, reverse=True)
    found = matching[0] if matching and arguments.get("mostRecent") else _one(matching, "images")
    return {**_result("aws:ec2/getAmi:getAmi", found), "id": found["ImageId"], "imageId": found["ImageId"]}


def _age(image: Properties) -> str:
    return image.get("CreationDate", datetime.datetime.min.isoformat())


def get_instance_type(region: Region, arguments: Properties) -> Properties:
    """Return what an instance type is made of."""
    name = arguments["instanceType"]
    found = region.client("ec2").describe_instance_types(InstanceTypes=[name])["InstanceTypes"][0]
    processor, network, gpu = found.get("ProcessorInfo", {}), found.get("NetworkInfo", {}), found.get("GpuInfo", {})
    return {
        **_result("aws:ec2/getInstanceType:getInstanceType", found),
        "defaultCores": found["VCpuInfo"].get("DefaultCores"),
        "defaultThreadsPerCore": found["VCpuInfo"].get("DefaultThreadsPerCore"),
        "defaultVcpus": found["VCpuInfo"]["DefaultVCpus"],
        "gpuses": [{"count": one["Count"], "name": one["Name"]} for one in gpu.get("Gpus", ())],
        "id": name,
        "inferenceAccelerators": [],
        "maximumIpv4AddressesPerInterface": network.get("Ipv4AddressesPerInterface"),
        "maximumNetworkInterfaces": network.get("MaximumNetworkInterfaces"),
        "memorySize": found["MemoryInfo"]["SizeInMiB"],
        "supportedArchitectures": processor.get("SupportedArchitectures", []),
    }


def get_instance_type_offerings(region: Region, arguments: Properties) -> Properties:
    """Where which instance types are offered."""
    parameters: Properties = {"Filters": _filters(arguments)}
    if "locationType" in arguments:
        parameters["LocationType"] = arguments["locationType"]
    pages = region.client("ec2").get_paginator("describe_instance_type_offerings").paginate(**parameters)
    found = [one for page in pages for one in page["InstanceTypeOfferings"]]
    return {
        "id": region.name,
        "instanceTypes": [one["InstanceType"] for one in found],
        "locations": [one["Location"] for one in found],
        "locationTypes": [one["LocationType"] for one in found],
    }


FUNCTIONS = {
    "aws:ec2/getAmi:getAmi": get_ami,
    "aws:ec2/getInstanceType:getInstanceType": get_instance_type,
    "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": get_instance_type_offerings,
    "aws:ec2/getRouteTable:getRouteTable": get_route_table,
    "aws:ec2/getRouteTables:getRouteTables": get_route_tables,
    "aws:ec2/getSecurityGroup:getSecurityGroup": get_security_group,
    "aws:ec2/getSubnet:getSubnet": get_subnet,
    "aws:ec2/getSubnets:getSubnets": get_subnets,
    "aws:ec2/getVpc:getVpc": get_vpc,
}
