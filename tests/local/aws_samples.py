"""One sample of every type that the aws stand-in emulates: its inputs, and a change that is made in place."""

import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3

World = Callable[[str], dict[str, Any]]
"""Outputs of the one resource of a type, which is made when first asked for; its own id is under `id`."""

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}],
    }
)
LOGS = "arn:aws:logs:eu-west-1:123456789012:log-group"


def policy(action: str) -> str:
    """A policy with one statement."""
    statement = {"Effect": "Allow", "Action": action, "Resource": f"{LOGS}:x:*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@dataclass(frozen=True)
class Sample:
    """`inputs` may ask the world for what they depend on."""

    inputs: Callable[[World], Mapping[str, Any]]
    change: Mapping[str, Any] = field(default_factory=dict[str, Any])


def sample(change: Mapping[str, Any] | None = None, **inputs: Any) -> Sample:
    """A sample that depends on nothing, or on what functions among its inputs find in the world."""
    return Sample(
        lambda world: {name: value(world) if callable(value) else value for name, value in inputs.items()},
        change or {},
    )


def of(token: str, name: str = "id") -> Callable[[World], Any]:
    """An output of another sample."""
    return lambda world: world(token)[name]


VPC, SUBNET = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"
GROUP, TABLE = "aws:ec2/securityGroup:SecurityGroup", "aws:ec2/routeTable:RouteTable"
GATEWAY, TEMPLATE = "aws:ec2/internetGateway:InternetGateway", "aws:ec2/launchTemplate:LaunchTemplate"
ROLE, POLICY, KEY = "aws:iam/role:Role", "aws:iam/policy:Policy", "aws:kms/key:Key"
EKS, ECS = "aws:eks/cluster:Cluster", "aws:ecs/cluster:Cluster"
CAPACITY, TASK = "aws:ecs/capacityProvider:CapacityProvider", "aws:ecs/taskDefinition:TaskDefinition"
SCALING = "aws:autoscaling/group:Group"
NUMBERS = itertools.count(1)
TAGS = {"tags": {"team": "red"}}


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
IDENTITY: dict[str, Sample] = {
    ROLE: sample({"description": "new"}, assumeRolePolicy=TRUST, description="old", tags={"team": "blue"}),
    "aws:iam/rolePolicy:RolePolicy": sample(
        {"policy": policy("logs:PutRetentionPolicy")}, role=of(ROLE, "name"), policy=policy("logs:CreateLogStream")
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": sample(role=of(ROLE, "name"), policyArn=of(POLICY, "arn")),
    POLICY: sample({"policy": policy("logs:PutRetentionPolicy")}, policy=policy("logs:CreateLogStream")),
    "aws:iam/instanceProfile:InstanceProfile": sample(TAGS, role=of(ROLE, "name")),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": sample(
        {"thumbprintLists": ["1" * 40]},
        url="https://oidc.example.com/id/1",
        clientIdLists=["sts.amazonaws.com"],
    ),
    KEY: sample({"enableKeyRotation": True}, description="events", deletionWindowInDays=7),
    "aws:kms/alias:Alias": sample(targetKeyId=of(KEY)),
}
CLUSTERS: dict[str, Sample] = {
    "aws:cloudwatch/logGroup:LogGroup": sample({"retentionInDays": 30}, retentionInDays=7, kmsKeyId=of(KEY, "arn")),
    EKS: sample(
        {"enabledClusterLogTypes": ["audit"], "tags": {"team": "red"}},
        roleArn=of(ROLE, "arn"),
        vpcConfig=lambda world: {"subnetIds": [world(SUBNET)["id"]], "endpointPrivateAccess": True},
        accessConfig={"authenticationMode": "API"},
        encryptionConfig=lambda world: {"provider": {"keyArn": world(KEY)["arn"]}, "resources": ["secrets"]},
    ),
    "aws:eks/nodeGroup:NodeGroup": sample(
        {"scalingConfig": {"minSize": 1, "desiredSize": 1, "maxSize": 5}, "labels": {"b": "2"}},
        clusterName=of(EKS, "name"),
        nodeRoleArn=of(ROLE, "arn"),
        subnetIds=lambda world: [world(SUBNET)["id"]],
        scalingConfig={"minSize": 1, "desiredSize": 1, "maxSize": 2},
        labels={"a": "1"},
        tags={"team": "blue"},
    ),
    ECS: sample(
        {"settings": [{"name": "containerInsights", "value": "disabled"}]},
        settings=[{"name": "containerInsights", "value": "enabled"}],
        tags={"team": "blue"},
    ),
    CAPACITY: sample(
        {**TAGS},
        autoScalingGroupProvider=lambda world: {
            "autoScalingGroupArn": world(SCALING)["arn"],
            "managedScaling": {"status": "ENABLED", "targetCapacity": 100},
        },
    ),
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": sample(
        {"defaultCapacityProviderStrategies": []},
        clusterName=of(ECS, "name"),
        capacityProviders=lambda world: [world(CAPACITY)["name"]],
        defaultCapacityProviderStrategies=lambda world: [{"capacityProvider": world(CAPACITY)["name"], "weight": 1}],
    ),
    TASK: sample(
        TAGS,
        family="falco",
        containerDefinitions=json.dumps([{"name": "falco", "image": "falco", "memory": 64, "essential": True}]),
        networkMode="host",
        volumes=[{"name": "proc", "hostPath": "/proc"}, {"name": "shared"}],
        taskRoleArn=of(ROLE, "arn"),
    ),
    "aws:ecs/service:Service": sample(
        {"desiredCount": 2},
        cluster=of(ECS, "arn"),
        taskDefinition=of(TASK, "arn"),
        desiredCount=1,
        launchType="EC2",
        deploymentMinimumHealthyPercent=50,
    ),
}
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
TARGET = "arn:aws:firehose:eu-west-1:123456789012:deliverystream/events"
DESTINATION = "aws:cloudwatch/logDestination:LogDestination"
METRIC_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


def widgets(title: str) -> str:
    """A dashboard's body."""
    return json.dumps({"widgets": [{"type": "text", "properties": {"markdown": title}}]})


def stream(world: World) -> str:
    """The ARN of a Kinesis stream; moto refuses to subscribe what is not there."""
    region = world(LOG_GROUP)["region"]
    kinesis = boto3.client("kinesis", region, aws_access_key_id="test", aws_secret_access_key="test")
    kinesis.create_stream(StreamName="events", ShardCount=1)
    return kinesis.describe_stream(StreamName="events")["StreamDescription"]["StreamARN"]


WATCHING: dict[str, Sample] = {
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": sample(
        {"pattern": "{ $.priority = Error }"},
        logGroupName=of(LOG_GROUP, "name"),
        pattern="{ $.priority = Critical }",
        metricTransformation={"name": "Critical", "namespace": "Falco", "value": "1", "dimensions": {"rule": "$.rule"}},
    ),
    DESTINATION: sample({"targetArn": f"{TARGET}-2"}, roleArn=of(ROLE, "arn"), targetArn=TARGET),
    "aws:cloudwatch/logDestinationPolicy:LogDestinationPolicy": sample(
        {"accessPolicy": policy("logs:PutSubscriptionFilter")},
        destinationName=of(DESTINATION, "name"),
        accessPolicy=policy("logs:PutLogEvents"),
    ),
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": sample(
        {"policyDocument": policy("logs:CreateLogStream")}, policyDocument=policy("logs:PutLogEvents")
    ),
    METRIC_ALARM: sample(
        {"threshold": 5, "tags": {"team": "red"}},
        metricName="Critical",
        namespace="Falco",
        statistic="Sum",
        comparisonOperator="GreaterThanThreshold",
        evaluationPeriods=1,
        period=60,
        threshold=1,
        dimensions={"rule": "x"},
        alarmActions=["arn:aws:sns:eu-west-1:123456789012:alarms"],
    ),
    "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter": sample(
        {"filterPattern": "{ $.priority = Error }"},
        logGroup=of(LOG_GROUP, "name"),
        destinationArn=stream,
        filterPattern="",
    ),
    "aws:cloudwatch/dashboard:Dashboard": sample(
        {"dashboardBody": widgets("new")}, dashboardName="falco", dashboardBody=widgets("old")
    ),
}
SAMPLES: Mapping[str, Sample] = {**NETWORK, **IDENTITY, **CLUSTERS, **WATCHING}
