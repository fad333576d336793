"""What AWS would be asked for a deployed stack: the aws stand-in builds each request, and refuses it as AWS would."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError
from google.protobuf import empty_pb2
from pulumi.runtime import mocks, rpc

from standin.aws import limits, wire
from standin.aws.lifecycle import Lifecycle
from standin.aws.recording import RecordingCloud
from standin.aws.registry import resources
from standin.eks.provider import KINDS
from tests.unit.components.cloud import Account, Deployed, Monitor, Registered, run

LIMITS = limits.load(Path(__file__).parents[3] / "falco_firelens" / "limits" / "aws.yaml")

NOT_AWS = ("falco-firelens:", "kubernetes:", "pulumi:")
"""Beginnings of the types that make no request to AWS: components, and what goes to an API server."""

IDS = {
    "aws:ec2/eip:Eip": "eipalloc",
    "aws:ec2/internetGateway:InternetGateway": "igw",
    "aws:ec2/launchTemplate:LaunchTemplate": "lt",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "sg",
    "aws:ec2/natGateway:NatGateway": "nat",
    "aws:ec2/routeTable:RouteTable": "rtb",
    "aws:ec2/securityGroup:SecurityGroup": "sg",
    "aws:ec2/subnet:Subnet": "subnet",
    "aws:ec2/vpc:Vpc": "vpc",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "vpce",
}
"""How the ids of EC2's things begin; what follows are 17 hexadecimal digits."""

ARNS = {
    "aws:autoscaling/group:Group": "autoscaling:{region}:{account}:autoScalingGroup:{uuid}:autoScalingGroupName/{name}",
    "aws:athena/workgroup:Workgroup": "athena:{region}:{account}:workgroup/{name}",
    "aws:cloudwatch/eventRule:EventRule": "events:{region}:{account}:rule/{name}",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "cloudwatch:{region}:{account}:alarm:{name}",
    "aws:ecs/capacityProvider:CapacityProvider": "ecs:{region}:{account}:capacity-provider/{name}",
    "aws:ecs/cluster:Cluster": "ecs:{region}:{account}:cluster/{name}",
    "aws:ecs/taskDefinition:TaskDefinition": "ecs:{region}:{account}:task-definition/{family}:1",
    "aws:eks/accessEntry:AccessEntry": "eks:{region}:{account}:access-entry/{uuid}",
    "aws:eks/cluster:Cluster": "eks:{region}:{account}:cluster/{name}",
    "aws:iam/instanceProfile:InstanceProfile": "iam::{account}:instance-profile/{name}",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": "iam::{account}:oidc-provider/{uuid}",
    "aws:iam/policy:Policy": "iam::{account}:policy/{name}",
    "aws:iam/role:Role": "iam::{account}:role/{name}",
    "aws:kms/key:Key": "kms:{region}:{account}:key/{uuid}",
    "aws:oam/sink:Sink": "oam:{region}:{account}:sink/{uuid}",
    "aws:redshiftserverless/namespace:Namespace": "redshift-serverless:{region}:{account}:namespace/{uuid}",
}
"""The ARNs of what the mocks of other tests give a made-up one."""

KNOWN_BY_ARN = (
    *("aws:ecs/capacityProvider:", "aws:ecs/cluster:", "aws:iam/openIdConnectProvider:", "aws:iam/policy:"),
    *("aws:kinesis/firehoseDeliveryStream:", "aws:oam/sink:", "aws:opensearch/domain:"),
    *("aws:secretsmanager/secret:", "aws:sns/topic:"),
)
"""Beginnings of the types whose id is the ARN."""


class LikeAws(Account):
    """An account whose things have names, ids and ARNs in AWS's own form, so that requests can be about them."""

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
        if args.token == "aws:eks/getAddonVersion:getAddonVersion":
            return {"version": "v1.20.3-eksbuild.1"}
        return super().call(args)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        known = resources().get(args.typ)
        digits = hashlib.sha256(f"{args.typ} {args.name}".encode()).hexdigest()
        inputs: dict[str, Any] = dict(args.inputs)  # pyright: ignore[reportUnknownArgumentType]
        if known and known.autoname:
            inputs = known.autoname.fill(args.name, inputs, {}, digits.encode())
        args.inputs = inputs
        identity, state = super().new_resource(args)
        uuid = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))
        if args.typ in ARNS:
            fields = {"account": self.number, "uuid": uuid, "region": self.region, "name": args.name, **state}
            state["arn"] = f"arn:{self.partition}:{ARNS[args.typ].format(**fields)}"
        if args.typ in IDS:
            identity = f"{IDS[args.typ]}-{digits[:17]}"
        elif args.typ == "aws:kms/key:Key":
            identity = state["keyId"] = uuid
        elif args.typ == "aws:lambda/eventSourceMapping:EventSourceMapping":
            identity = uuid
        elif args.typ.startswith(KNOWN_BY_ARN):
            identity = state["arn"]
        elif args.typ.startswith("aws:"):
            identity = str(state.get("name", args.name))
        if args.typ == "eks:index:Cluster":
            state["clusterSecurityGroupId"] = f"sg-{digits[:17]}"
        if args.typ == "aws:eks/cluster:Cluster":
            state["identities"] = [
                {"oidcs": [{"issuer": f"https://oidc.eks.{self.region}.amazonaws.com/id/{digits[:32]}"}]}
            ]
            state["vpcConfig"] = {**state["vpcConfig"], "clusterSecurityGroupId": f"sg-{digits[:17]}"}
        if args.typ == "aws:redshiftserverless/workgroup:Workgroup":
            domain = f"{self.number}.{self.region}.redshift-serverless.amazonaws.com"
            state["endpoints"] = [{"address": f"{state['workgroupName']}.{domain}", "port": state["port"]}]
        if args.typ == "aws:eks/accessEntry:AccessEntry":
            state["accessEntryArn"] = state["arn"]
        return identity, state


@dataclass(frozen=True)
class Refusal:
    """A resource that AWS would refuse, with AWS's error."""

    type: str
    name: str
    error: str

    def __str__(self) -> str:
        return f"{self.type} {self.name}: {self.error}"


class Requests:
    """The requests of stacks, one after the other; its clients, which take long to make, serve all of them."""

    def __init__(self) -> None:
        self.cloud = RecordingCloud({"region": "eu-west-1"}, LIMITS)

    def refusals(self, stack: Deployed, account: Account) -> list[Refusal]:
        """What of a stack AWS would refuse.

        Raises LookupError for a type whose requests nobody can build.
        """
        self.cloud.start(account.number, account.region)
        return [refusal for item in _resources(stack, account) for refusal in self._refusals(item)]

    def _refusals(self, item: Registered) -> Iterator[Refusal]:
        kind = resources().get(item.type)
        if kind is None:
            raise LookupError(f"the aws stand-in cannot build the requests of {item.type} {item.name}")
        inputs, state = wire.decode(item.sent), wire.decode(item.state)
        try:
            failures = Lifecycle(self.cloud, kind).rehearse(item.name, inputs, item.id, state)
        except (ClientError, ParamValidationError) as error:
            yield Refusal(item.type, item.name, str(error))
        else:
            yield from (Refusal(item.type, item.name, f"{one.path} {one.reason}") for one in failures)


def _resources(stack: Deployed, account: Account) -> Iterator[Registered]:
    """The stack's AWS resources, and those that pulumi-eks would make, as its stand-in makes them."""
    components = [item for item in stack.resources if item.type in KINDS]
    made = _built(components, stack, account) if components else ()
    for item in (*stack.resources, *made):
        if not item.type.startswith((*NOT_AWS, "eks:")):
            yield item


class _Components(Monitor):
    """Runs components that refer to resources of a stack."""

    def __init__(self, account: Account, stack: Deployed) -> None:
        super().__init__(account)
        self.resources.update(stack.known)

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - gRPC's name
        """Leaves outputs alone: the resources in them would be waited for without end."""
        return empty_pb2.Empty()


def _built(components: Iterable[Registered], stack: Deployed, account: Account) -> Sequence[Registered]:
    def build() -> None:
        for item in components:
            inputs = rpc.deserialize_properties(item.sent)
            KINDS[item.type].build(item.name, {name: rpc.unwrap_rpc_secret(one) for name, one in inputs.items()}, None)

    return run(build, _Components(account, stack)).resources
