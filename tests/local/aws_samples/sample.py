"""What a sample is, and what samples of every room share."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

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
    """Both may ask the world for what they depend on."""

    inputs: Callable[[World], Mapping[str, Any]]
    change: Callable[[World], Mapping[str, Any]]


def sample(change: Mapping[str, Any] | None = None, **inputs: Any) -> Sample:
    """A sample whose inputs and change are plain values, or functions that find them in the world."""
    return Sample(partial(_resolved, inputs), partial(_resolved, change or {}))


def _resolved(values: Mapping[str, Any], world: World) -> Mapping[str, Any]:
    return {name: value(world) if callable(value) else value for name, value in values.items()}


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
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
TAGS = {"tags": {"team": "red"}}
