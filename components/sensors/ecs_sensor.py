"""EcsSensor: Falco with a FireLens Fluent Bit on every container instance of an ECS cluster."""

import json
from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi
from pulumi_aws import ecs

from falco_firelens.contract import SENSOR_SERVICE
from falco_firelens.sensor.model import EcsTask


class EcsSensorArgs(TypedDict):
    """`instances` is how many container instances the cluster keeps at least, which decides how an update rolls."""

    task: EcsTask
    family: str
    cluster_arn: pulumi.Input[str]
    task_role_arn: pulumi.Input[str]
    instances: int
    tags: Mapping[str, str]


class EcsSensor(pulumi.ComponentResource):
    """A daemon service: one task on each container instance, and on each one that joins later.

    There is no execution role: on EC2 the agent pulls the images, nothing is read from a secret, and FireLens writes
    the logs with the task's role.
    """

    service_name: pulumi.Output[str]
    task_definition_arn: pulumi.Output[str]

    def __init__(self, name: str, args: EcsSensorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("falco-firelens:index:EcsSensor", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        task = args["task"]
        definition = ecs.TaskDefinition(
            name,
            family=args["family"],
            container_definitions=json.dumps(task.container_definitions),
            volumes=[_volume(volume) for volume in task.volumes],
            network_mode=task.network_mode,
            requires_compatibilities=["EC2"],
            task_role_arn=args["task_role_arn"],
            tags=args["tags"],
            opts=child,
        )
        service = ecs.Service(
            name,
            name=SENSOR_SERVICE,
            cluster=args["cluster_arn"],
            task_definition=definition.arn,
            launch_type="EC2",
            scheduling_strategy="DAEMON",
            deployment_minimum_healthy_percent=minimum_healthy_percent(args["instances"]),
            deployment_circuit_breaker={"enable": True, "rollback": True},
            enable_ecs_managed_tags=True,
            enable_execute_command=False,
            propagate_tags="SERVICE",
            wait_for_steady_state=True,
            tags=args["tags"],
            opts=child,
        )
        self.service_name = service.name
        self.task_definition_arn = definition.arn
        self.register_outputs({"serviceName": self.service_name, "taskDefinitionArn": self.task_definition_arn})


def minimum_healthy_percent(instances: int) -> int:
    """Half of the nodes keep their sensor during an update; a single one cannot.

    A daemon service replaces a task by stopping it first, and ECS rounds this percentage up: any value above 0 would
    keep a cluster of one instance from ever being updated.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service_definition_parameters.html
    """
    return 50 if instances > 1 else 0


def _volume(volume: Mapping[str, Any]) -> "ecs.TaskDefinitionVolumeArgs":
    host: Mapping[str, str] = volume.get("host", {})
    return ecs.TaskDefinitionVolumeArgs(name=volume["name"], host_path=host.get("sourcePath"))
