"""SensorWatch: the function that watches the sensors, what calls it, and what it may read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
from pulumi_aws import cloudwatch, iam, lambda_

from falco_firelens.contract import METRICS_NAMESPACE, SENSOR_SERVICE
from falco_firelens.watch.configuration import Cluster
from falco_firelens.watch.metrics import EVERY_MINUTES

from ..aws.encryption_key import EncryptionKey, log_group_statement
from ..aws.function_package import ARCHITECTURE, RUNTIME
from ..aws.function_role import attach, fitting, function_role
from ..aws.location import AwsLocation, arn
from ..aws.policy_document import Statement, allow, policy_document
from .package import HANDLER

TIMEOUT_SECONDS = 600
"""Of which each cluster has its share; within the period, so that no two runs overlap."""

MEMORY_MIB = 256


class SensorWatchArgs(TypedDict):
    """`package` is the function's zip. `prefix` begins the names, which an account has only once in a region.

    The log group is the events'; `retention_days` are those of the function's own. `response`: there is one.
    """

    location: AwsLocation
    prefix: str
    package: str
    log_group_arn: pulumi.Input[str]
    clusters: Sequence[Cluster]
    response: bool
    retention_days: int
    tags: Mapping[str, str]


def function_name(prefix: str) -> str:
    """Return the function's name, which is also its rule's: 64 characters at most."""
    return f"{prefix[:58].strip('-')}-watch"


class SensorWatch(pulumi.ComponentResource):
    """A function, its schedule, its log group with a key, and a role that reads and writes metrics."""

    function_name: pulumi.Output[str]

    def __init__(self, name: str, args: SensorWatchArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("falco-firelens:index:SensorWatch", name, {}, opts)
        self._name, self._args, self._tags = name, args, args["tags"]
        self._child = pulumi.ResourceOptions(parent=self)
        self._function_name = function_name(args["prefix"])
        logs = self._log_group()
        function = self._function(logs)
        self._schedule(function)
        self.function_name = function.name
        self.register_outputs({"functionName": self.function_name})

    def _log_group(self) -> cloudwatch.LogGroup:
        """Make it before the function, which would make one that keeps everything forever."""
        location, group = self._args["location"], f"/aws/lambda/{self._function_name}"
        key = EncryptionKey(
            f"{self._name}-key",
            {
                "location": location,
                "alias": f"lambda/{self._function_name}",
                "description": f"Encrypts the log of {self._function_name}",
                "statements": [log_group_statement(location, group)],
                "tags": self._tags,
            },
            self._child,
        )
        return cloudwatch.LogGroup(
            self._name,
            name=group,
            retention_in_days=self._args["retention_days"],
            kms_key_id=key.arn,
            tags=self._tags,
            opts=self._child,
        )

    def _function(self, logs: cloudwatch.LogGroup) -> lambda_.Function:
        role = function_role(self._name, self._function_name, self._tags, self._child)
        inline, managed = fitting(_cluster_statements(self._args))
        about = f"What the function {self._function_name} may read of clusters"
        attached = attach(f"{self._name}-clusters", role, about, managed, self._tags, self._child)
        policy = policy_document(*_statements(self._args, logs.arn), *inline)
        opts = pulumi.ResourceOptions(parent=self, depends_on=attached)
        ready = iam.RolePolicy(self._name, role=role.name, policy=policy, opts=opts)
        return lambda_.Function(
            self._name,
            name=self._function_name,
            description="Compares the sensors' heartbeats with the nodes that there are",
            code=pulumi.FileArchive(self._args["package"]),
            runtime=RUNTIME,
            architectures=[ARCHITECTURE],
            handler=HANDLER,
            role=role.arn,
            timeout=TIMEOUT_SECONDS,
            memory_size=MEMORY_MIB,
            tags=self._tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[ready, logs]),
        )

    def _schedule(self, function: lambda_.Function) -> None:
        """Call it every quarter of an hour; a call that comes later than the next one is of no use."""
        lambda_.FunctionEventInvokeConfig(
            self._name,
            function_name=function.name,
            maximum_retry_attempts=1,
            maximum_event_age_in_seconds=EVERY_MINUTES * 60,
            opts=self._child,
        )
        rule = cloudwatch.EventRule(
            self._name,
            name=self._function_name,
            description="Watches the sensors",
            schedule_expression=f"rate({EVERY_MINUTES} minutes)",
            tags=self._tags,
            opts=self._child,
        )
        allowed = lambda_.Permission(
            self._name,
            action="lambda:InvokeFunction",
            function=function.name,
            principal="events.amazonaws.com",
            source_arn=rule.arn,
            opts=self._child,
        )
        cloudwatch.EventTarget(
            self._name,
            rule=rule.name,
            target_id=self._function_name,
            arn=function.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[allowed]),
        )


def _statements(args: SensorWatchArgs, own_log_group: pulumi.Input[str]) -> list[Statement]:
    """Return what every watch function may do: read the events, and write metrics of one namespace."""
    events = pulumi.Output.concat(args["log_group_arn"], ":*")
    metrics = allow("Metrics", ["cloudwatch:PutMetricData"], "*")
    response = [
        allow("SubscriptionFilter", ["logs:DescribeSubscriptionFilters"], events),
        allow("Invocations", ["cloudwatch:GetMetricData"], "*"),
    ]
    return [
        allow("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], pulumi.Output.concat(own_log_group, ":*")),
        allow(
            "Heartbeats",
            ["logs:DescribeLogStreams", "logs:FilterLogEvents"],
            events,
        ),
        {**metrics, "Condition": {"StringEquals": {"cloudwatch:namespace": METRICS_NAMESPACE}}},
        *(response if args["response"] else []),
    ]


def _cluster_statements(args: SensorWatchArgs) -> list[Statement]:
    """Return what it takes to list the nodes. EC2 lists instances of the whole account, and takes no resource.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
    """
    location = args["location"]
    ecs = [cluster.name for cluster in args["clusters"] if cluster.platform == "ecs"]
    statements: list[Statement] = []
    if any(cluster.platform == "eks" for cluster in args["clusters"]):
        statements.append(allow("Instances", ["ec2:DescribeInstances"], "*"))
    if ecs:
        clusters = [arn(location, "ecs", f"cluster/{name}") for name in ecs]
        instances = [arn(location, "ecs", f"container-instance/{name}/*") for name in ecs]
        statements.append(allow("ListInstances", ["ecs:ListContainerInstances"], clusters))
        services = [arn(location, "ecs", f"service/{name}/{SENSOR_SERVICE}") for name in ecs]
        statements.append(allow("DescribeInstances", ["ecs:DescribeContainerInstances"], instances))
        statements.append(allow("DescribeServices", ["ecs:DescribeServices"], services))
    return statements
