"""Functions about where a stack is: account, region, partition, availability zones; and SSM's public parameters."""

import fnmatch
from typing import Any

from standin.aws.cloud import Region
from standin.aws.resource import Properties

DNS_SUFFIXES = {"aws-cn": "amazonaws.com.cn"}


def get_caller_identity(region: Region, arguments: Properties) -> Properties:
    """Whose credentials these are."""
    found = region.client("sts").get_caller_identity()
    return {"accountId": found["Account"], "arn": found["Arn"], "id": found["Account"], "userId": found["UserId"]}


def get_region(region: Region, arguments: Properties) -> Properties:
    """Return a region by its name; the provider's own without one."""
    name = arguments.get("name") or region.name
    return {
        "description": name,
        "endpoint": f"ec2.{name}.{_suffix(region)}",
        "id": name,
        "name": name,
        "region": name,
    }


def get_partition(region: Region, arguments: Properties) -> Properties:
    """Return the partition and its domain."""
    suffix = _suffix(region)
    return {
        "dnsSuffix": suffix,
        "id": region.partition,
        "partition": region.partition,
        "reverseDnsPrefix": ".".join(reversed(suffix.split("."))),
    }


def _suffix(region: Region) -> str:
    return DNS_SUFFIXES.get(region.partition, "amazonaws.com")


def get_availability_zones(region: Region, arguments: Properties) -> Properties:
    """Return the zones that pass the filters."""
    parameters: dict[str, Any] = {"AllAvailabilityZones": arguments.get("allAvailabilityZones", False)}
    found = region.client("ec2").describe_availability_zones(**parameters)["AvailabilityZones"]
    zones = [zone for zone in found if _is_wanted(zone, arguments)]
    zones.sort(key=lambda zone: zone["ZoneName"])
    return {
        "groupNames": sorted({zone.get("GroupName", zone["RegionName"]) for zone in zones}),
        "id": region.name,
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone["ZoneId"] for zone in zones],
    }


def _is_wanted(zone: Properties, arguments: Properties) -> bool:
    members = {
        "opt-in-status": zone.get("OptInStatus", "opt-in-not-required"),
        "region-name": zone["RegionName"],
        "zone-id": zone["ZoneId"],
        "zone-name": zone["ZoneName"],
        "zone-type": zone.get("ZoneType", "availability-zone"),
        "state": zone["State"],
    }
    filters = [*arguments.get("filters", ())]
    if "state" in arguments:
        filters.append({"name": "state", "values": [arguments["state"]]})
    excluded = (*arguments.get("excludeNames", ()), *arguments.get("excludeZoneIds", ()))
    fits = (
        any(fnmatch.fnmatchcase(members.get(one["name"], ""), pattern) for pattern in one["values"]) for one in filters
    )
    return zone["ZoneName"] not in excluded and zone["ZoneId"] not in excluded and all(fits)


def get_parameter(region: Region, arguments: Properties) -> Properties:
    """Return a parameter of SSM; moto knows the public ones of the ECS image as AWS does."""
    decrypt = arguments.get("withDecryption", True)
    found = region.client("ssm").get_parameter(Name=arguments["name"], WithDecryption=decrypt)["Parameter"]
    return {
        "arn": found["ARN"],
        "id": found["Name"],
        "insecureValue": "" if found["Type"] == "SecureString" else found["Value"],
        "type": found["Type"],
        "value": found["Value"],
        "version": found["Version"],
    }


FUNCTIONS = {
    "aws:index/getCallerIdentity:getCallerIdentity": get_caller_identity,
    "aws:index/getRegion:getRegion": get_region,
    "aws:index/getPartition:getPartition": get_partition,
    "aws:index/getAvailabilityZones:getAvailabilityZones": get_availability_zones,
    "aws:ssm/getParameter:getParameter": get_parameter,
}
