"""EC2 security groups and their rules, in the three ways in which the provider has them."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any, ClassVar

from standin.aws.cloud import Region
from standin.aws.naming import AutoName
from standin.aws.resource import Defaults, Properties, Rename, Resource, changed
from standin.aws.services.ec2_base import Ec2Resource, by_filter

DIRECTIONS = {"ingress": "IpPermissions", "egress": "IpPermissionsEgress"}
EVERYTHING = "-1"


def permission(rule: Properties, group: str) -> Properties:
    """Return a rule with any number of peers as EC2's IpPermission."""
    protocol = str(rule["protocol"])
    note = {"Description": rule["description"]} if rule.get("description") else {}
    groups = [*rule.get("securityGroups", ()), *([group] if rule.get("self") else ())]
    if rule.get("sourceSecurityGroupId"):
        groups.append(rule["sourceSecurityGroupId"])
    result: Properties = {
        "IpProtocol": EVERYTHING if protocol == "all" else protocol,
        "IpRanges": [{"CidrIp": cidr, **note} for cidr in rule.get("cidrBlocks", ())],
        "Ipv6Ranges": [{"CidrIpv6": cidr, **note} for cidr in rule.get("ipv6CidrBlocks", ())],
        "PrefixListIds": [{"PrefixListId": one, **note} for one in rule.get("prefixListIds", ())],
        "UserIdGroupPairs": [{"GroupId": one, **note} for one in groups],
    }
    if result["IpProtocol"] != EVERYTHING:
        result.update(FromPort=rule["fromPort"], ToPort=rule["toPort"])
    return {name: value for name, value in result.items() if value != []}


def rule(found: Properties, group: str) -> Properties:
    """EC2's IpPermission as the provider's inline rule."""
    pairs = [pair["GroupId"] for pair in found.get("UserIdGroupPairs", ())]
    peers: list[Properties] = [
        *found.get("IpRanges", ()),
        *found.get("Ipv6Ranges", ()),
        *found.get("PrefixListIds", ()),
        *found.get("UserIdGroupPairs", ()),
    ]
    return {
        "protocol": found["IpProtocol"],
        "fromPort": found.get("FromPort", 0),
        "toPort": found.get("ToPort", 0),
        "cidrBlocks": [one["CidrIp"] for one in found.get("IpRanges", ())],
        "ipv6CidrBlocks": [one["CidrIpv6"] for one in found.get("Ipv6Ranges", ())],
        "prefixListIds": [one["PrefixListId"] for one in found.get("PrefixListIds", ())],
        "securityGroups": [one for one in pairs if one != group],
        "self": group in pairs,
        "description": next((one["Description"] for one in peers if one.get("Description")), ""),
    }


def authorize(region: Region, direction: str, group: str, permissions: Iterable[Properties]) -> Properties:
    """Add rules to a group."""
    method = getattr(region.client("ec2"), f"authorize_security_group_{direction}")
    return method(GroupId=group, IpPermissions=list(permissions))


def revoke(region: Region, direction: str, group: str, permissions: Iterable[Properties]) -> None:
    """Take rules off a group."""
    desired = list(permissions)
    if desired:
        getattr(region.client("ec2"), f"revoke_security_group_{direction}")(GroupId=group, IpPermissions=desired)


class SecurityGroup(Ec2Resource):
    """A security group; rules that are given here are the only ones it keeps of their direction."""

    token = "aws:ec2/securityGroup:SecurityGroup"
    describe, collection, id_parameter = "describe_security_groups", "SecurityGroups", "GroupIds"
    autoname = AutoName()
    create_only = frozenset({"name", "namePrefix", "description", "vpcId"})
    defaults: ClassVar[Defaults] = {"description": "Managed by Pulumi", "revokeRulesOnDelete": False}
    write_only = frozenset({"revokeRulesOnDelete", "namePrefix"})
    rename: ClassVar[Rename] = {"name": "GroupName"}

    def create(self, region: Region, inputs: Properties) -> str:
        name = self.given_name(inputs)
        return self.call(region, "create_security_group", inputs, GroupName=name, TagSpecifications=[])["GroupId"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Take AWS's rule off that lets everything out, as the real provider does, and sets those given here."""
        if old is None:
            self._set(region, identity, "egress", [])
        for direction in DIRECTIONS:
            if direction in inputs and changed(inputs, old, direction):
                self._set(region, identity, direction, inputs[direction])

    def _set(self, region: Region, identity: str, direction: str, rules: list[Properties]) -> None:
        found = self.find(region, identity) or {}
        revoke(region, direction, identity, (_request(one) for one in found.get(DIRECTIONS[direction], ())))
        if rules:
            authorize(region, direction, identity, (permission(one, identity) for one in rules))

    def more(self, region: Region, identity: str, found: dict[str, Any], state: Properties) -> Properties:
        """Rules only where they are given here; else they belong to resources of their own."""
        rules = {
            direction: [rule(one, identity) for one in found[key]] if direction in state else []
            for direction, key in DIRECTIONS.items()
        }
        return {"arn": region.arn("ec2", f"security-group/{identity}"), "name": found["GroupName"], **rules}

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        self.client(region).delete_security_group(GroupId=identity)


def _request(found: Properties) -> Properties:
    """Return a described permission as a request takes it."""
    pairs = [{"GroupId": pair["GroupId"]} for pair in found.get("UserIdGroupPairs", ())]
    kept = {name: value for name, value in found.items() if name != "UserIdGroupPairs" and value != []}
    return {**kept, **({"UserIdGroupPairs": pairs} if pairs else {})}


class DefaultSecurityGroup(SecurityGroup):
    """The group that AWS makes with a VPC: taken over, emptied, and left behind when the resource is deleted."""

    token = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
    autoname = None
    create_only = frozenset({"vpcId"})
    defaults: ClassVar[Defaults] = {"revokeRulesOnDelete": False}

    def create(self, region: Region, inputs: Properties) -> str:
        """Find it.

        Raises LookupError where the VPC has none.
        """
        filters = by_filter(group_name="default", **({"vpc_id": inputs["vpcId"]} if "vpcId" in inputs else {}))
        groups = self.client(region).describe_security_groups(Filters=filters)["SecurityGroups"]
        if not groups:
            raise LookupError(f"no default security group in {inputs.get('vpcId')}")
        return groups[0]["GroupId"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Has the rules that are given and no others."""
        for direction in DIRECTIONS:
            if old is None or changed(inputs, old, direction):
                self._set(region, identity, direction, inputs.get(direction, []))

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        """Leaves it to the VPC, as the real provider does."""


class SecurityGroupRule(Resource):
    """Rules of one group, one direction and one range of ports."""

    token = "aws:ec2/securityGroupRule:SecurityGroupRule"
    service = "ec2"
    create_only = frozenset(
        {
            "type", "protocol", "fromPort", "toPort", "cidrBlocks", "ipv6CidrBlocks", "prefixListIds",
            "securityGroupId", "self", "sourceSecurityGroupId",
        }
    )  # fmt: skip
    defaults: ClassVar[Defaults] = {"self": False}

    def create(self, region: Region, inputs: Properties) -> str:
        group = inputs["securityGroupId"]
        desired = permission(inputs, group)
        authorize(region, inputs["type"], group, [desired])
        text = json.dumps([group, inputs["type"], desired], sort_keys=True)
        return f"sgrule-{int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)}"

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Whether every peer of the rule is among the group's."""
        group, desired = state["securityGroupId"], permission(state, state["securityGroupId"])
        found = region.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
        same_ports = [
            one
            for one in found[DIRECTIONS[state["type"]]]
            if all(one.get(name) == desired.get(name) for name in ("IpProtocol", "FromPort", "ToPort"))
        ]
        actual = {peer for one in same_ports for peer in _peers(one)}
        if not actual or not _peers(desired) <= actual:
            return None
        return {name: value for name, value in state.items() if name in self.type.outputs}

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        group = state["securityGroupId"]
        revoke(region, state["type"], group, [permission(state, group)])


def _peers(found: Properties) -> set[str]:
    keys = (("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6"), ("PrefixListIds", "PrefixListId"))
    peers = {one[key] for collection, key in keys for one in found.get(collection, ())}
    return peers | {one["GroupId"] for one in found.get("UserIdGroupPairs", ())}


class SecurityGroupIngressRule(Ec2Resource):
    """One incoming rule with one peer and an id of its own."""

    token = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    describe, collection = "describe_security_group_rules", "SecurityGroupRules"
    id_parameter = "SecurityGroupRuleIds"
    create_only = frozenset(
        {
            "securityGroupId", "ipProtocol", "fromPort", "toPort", "cidrIpv4", "cidrIpv6", "prefixListId",
            "referencedSecurityGroupId",
        }
    )  # fmt: skip
    direction = "ingress"

    def create(self, region: Region, inputs: Properties) -> str:
        plural = {"cidrIpv4": "cidrBlocks", "cidrIpv6": "ipv6CidrBlocks", "prefixListId": "prefixListIds"}
        desired = {plural[name]: [inputs[name]] for name in plural if name in inputs}
        ports = {name: inputs.get(name, -1) for name in ("fromPort", "toPort")}
        peer = {"sourceSecurityGroupId": inputs.get("referencedSecurityGroupId")}
        note = {"description": inputs.get("description")}
        group = inputs["securityGroupId"]
        one = permission({"protocol": inputs["ipProtocol"], **ports, **desired, **peer, **note}, group)
        answer = authorize(region, self.direction, group, [one])
        return answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]

    def more(self, region: Region, identity: str, found: dict[str, Any], state: Properties) -> Properties:
        """Its parts; moto gives no ports back for rules that have none."""
        ports: Properties = {}
        if found.get("IpProtocol") == EVERYTHING:
            ports = {"fromPort": state.get("fromPort"), "toPort": state.get("toPort")}
        return {
            "arn": region.arn("ec2", f"security-group-rule/{identity}"),
            "securityGroupId": found["GroupId"],
            "securityGroupRuleId": identity,
            "referencedSecurityGroupId": (found.get("ReferencedGroupInfo") or {}).get("GroupId"),
            **ports,
        }

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        method = getattr(self.client(region), f"revoke_security_group_{self.direction}")
        method(GroupId=state["securityGroupId"], SecurityGroupRuleIds=[identity])


class SecurityGroupEgressRule(SecurityGroupIngressRule):
    """One outgoing rule with one peer and an id of its own."""

    token = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    direction = "egress"


RESOURCES = (
    SecurityGroup,
    DefaultSecurityGroup,
    SecurityGroupRule,
    SecurityGroupIngressRule,
    SecurityGroupEgressRule,
)
