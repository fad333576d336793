"""Samples of networks, instances and who may talk to whom."""

import itertools
from typing import Any

from tests.local.aws_samples.sample import (
    GATEWAY,
    GROUP,
    SCALING,
    SUBNET,
    TABLE,
    TAGS,
    TEMPLATE,
    VPC,
    Sample,
    of,
    sample,
)

NUMBERS = itertools.count(1)


def rule(port: int) -> dict[str, Any]:
    """An inline rule of a security group."""
    return {"protocol": "tcp", "fromPort": port, "toPort": port, "cidrBlocks": ["10.0.0.0/8"]}


def launch(size: int) -> dict[str, Any]:
    """What a launch template launches, of the shapes that the program's own have."""
    return {
        "blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"volumeSize": size, "encrypted": "true"}}],
        "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
        "tagSpecifications": [{"resourceType": "instance", "tags": {"a": "b"}}],
    }


NETWORK: dict[str, Sample] = {
    VPC: sample({"enableDnsHostnames": True}, cidrBlock="10.0.0.0/16", tags={"team": "blue"}),
    SUBNET: sample(
        {"mapPublicIpOnLaunch": True},
        vpcId=of(VPC),
        cidrBlock=lambda world: f"10.0.{next(NUMBERS)}.0/24",
        availabilityZone="eu-west-1a",
    ),
    GATEWAY: sample(TAGS, vpcId=of(VPC)),
    "aws:ec2/eip:Eip": sample(TAGS, domain="vpc"),
    "aws:ec2/natGateway:NatGateway": sample(TAGS, subnetId=of(SUBNET), allocationId=of("aws:ec2/eip:Eip")),
    "aws:ec2/vpcEndpoint:VpcEndpoint": sample(
        TAGS, vpcId=of(VPC), serviceName="com.amazonaws.eu-west-1.s3", routeTableIds=lambda world: [world(TABLE)["id"]]
    ),
    TABLE: sample(
        TAGS,
        vpcId=of(VPC),
        routes=lambda world: [{"cidrBlock": "192.168.0.0/16", "gatewayId": world(GATEWAY)["id"]}],
    ),
    "aws:ec2/route:Route": sample(routeTableId=of(TABLE), destinationCidrBlock="172.16.0.0/12", gatewayId=of(GATEWAY)),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": sample(routeTableId=of(TABLE), subnetId=of(SUBNET)),
    GROUP: sample({"ingress": [rule(443)]}, vpcId=of(VPC), ingress=[rule(80), rule(81)], egress=[rule(82)]),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": sample({"ingress": [rule(7)]}, vpcId=of(VPC)),
    "aws:ec2/securityGroupRule:SecurityGroupRule": sample(
        type="ingress", protocol="tcp", fromPort=22, toPort=22, self=True, securityGroupId=of(GROUP)
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": sample(
        TAGS, securityGroupId=of(GROUP), ipProtocol="udp", fromPort=53, toPort=53, cidrIpv4="10.0.0.0/8"
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": sample(
        TAGS, securityGroupId=of(GROUP), ipProtocol="-1", cidrIpv4="0.0.0.0/0"
    ),
    TEMPLATE: sample(
        {**launch(30), "instanceType": "t3.small"},
        **launch(20),
        instanceType="t3.large",
        imageId="resolve:ssm:/aws/service/ecs/x",
        userData="IyEvYmluL3No",
        updateDefaultVersion=True,
    ),
    SCALING: sample(
        {"maxSize": 3, "tags": [{"key": "a", "value": "c", "propagateAtLaunch": False}]},
        minSize=0,
        maxSize=2,
        vpcZoneIdentifiers=lambda world: [world(SUBNET)["id"]],
        launchTemplate=lambda world: {"id": world(TEMPLATE)["id"], "version": "1"},
        tags=[{"key": "a", "value": "b", "propagateAtLaunch": True}],
        forceDelete=True,
    ),
}
