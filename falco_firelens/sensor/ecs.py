"""Renders the sensor for ECS on EC2: one task with Falco, a FireLens Fluent Bit, and a writer of their files.

The whole configuration is part of the task definition: the `config` container writes it from its environment into a
volume of the task before the others start. So a preview shows every change, and no bucket or image is needed.
How the agent builds Fluent Bit's main configuration around ours:
`agent/taskresource/firelens/firelensconfig_unix.go` in github.com/aws/amazon-ecs-agent.
"""

import json
import shlex
from collections.abc import Mapping
from typing import Final

from falco_firelens.sensor import falco, firelens, shipper
from falco_firelens.sensor.container import Container
from falco_firelens.sensor.model import (
    ROUTER_CONTAINER,
    SENSOR_DIR,
    Document,
    EcsTask,
    FalcoOptions,
    Pipeline,
    SensorError,
)

CONFIG_CONTAINER: Final = "config"
"""The container that writes the files and ends."""

TASK_DEFINITION_LIMIT: Final = 65_536
"""Bytes that ECS takes: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html."""

TASK_DEFINITION_RESERVE: Final = 2_048
"""Bytes kept free for what the stack adds to the task definition: its family, roles, tags."""

LARGEST: Final = TASK_DEFINITION_LIMIT - TASK_DEFINITION_RESERVE
"""Bytes of `size` that are left for a sensor."""

NETWORK_MODE: Final = "host"
"""The node's network. In this mode the agent opens no TCP port for records, where in `bridge` mode every container of
the node could send us events of its own; Falco reports the node's host name; and the task needs no interface."""

DRIVER_BUFFER_LIMIT: Final = 65_536
"""Lines that Docker's log driver keeps while the log router is down, in the Docker daemon's memory: some 150 MB at 2 to
3 kB an event. The default of 1,048,576 lines could take 2 GB of the node."""

STOP_TIMEOUT: Final = 120
"""Seconds. The agent stops Falco first, then the log router, which uses them to send what it holds."""

RESTART_POLICY: Final[Document] = {"enabled": True, "restartAttemptPeriod": 60}
"""A container that dies is started again in its place, which keeps what Docker's log driver buffered. If it dies again
within 60 seconds, the task ends and the service starts another."""

SECURITY_OPTIONS: Final = ["no-new-privileges"]
"""What `allowPrivilegeEscalation: false` is on Kubernetes: no program gets more than its container starts with. The
capabilities stay, for Docker gives them before it starts the program.
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html"""

_LOCAL_LOG: Final[Document] = {
    "logDriver": "json-file",
    "options": {"max-size": "10m", "max-file": "3"},
}
_CONFIG_MEMORY: Final = 64
_SCRATCH_MIB: Final = 64


def task(options: FalcoOptions, pipeline: Pipeline) -> EcsTask:
    """Return the sensor's task.

    Raises:
        SensorError: the task definition would be larger than ECS takes.
    """
    router = shipper.container(ROUTER_CONTAINER, pipeline, firelens.files(pipeline))
    sensor = falco.container(options, pipeline.identity)
    rendered = EcsTask(
        container_definitions=(
            _config(router.image.tag_or_digest, {**router.files, **sensor.files}),
            _router(router),
            _falco(sensor),
        ),
        volumes=(
            {"name": "config"},
            *(
                {"name": mount.name, "host": {"sourcePath": mount.source}}
                for container in (router, sensor)
                for mount in container.mounts
            ),
        ),
        network_mode=NETWORK_MODE,
    )
    _check_size(rendered)
    return rendered


def writer(files: Mapping[str, str], directory: str) -> tuple[str, dict[str, str]]:
    """Return a shell script that writes `files` into `directory`, and the environment it takes their text from.

    The script uses builtins only and the text never becomes part of it, so any text is written byte for byte.

    Raises:
        SensorError: a name is not one file's name, or a text holds a NUL byte, which no environment can.
    """
    for name, text in files.items():
        if "/" in name or "\0" in name + text or name in ("", ".", ".."):
            raise SensorError(f"Found the file {name!r}, expected a plain file name and a text without NUL bytes.")
    lines = [f'printf %s "$FILE_{index}" > {shlex.quote(f"{directory}/{name}")}' for index, name in enumerate(files)]
    environment = {f"FILE_{index}": text for index, text in enumerate(files.values())}
    return "\n".join(["set -e", *lines]), environment


def size(rendered: EcsTask) -> int:
    """Bytes of the task definition as it is sent to ECS, in JSON of ASCII characters only."""
    return len(json.dumps([rendered.container_definitions, rendered.volumes]))


def _config(image: str, files: Mapping[str, str]) -> Document:
    script, environment = writer(files, SENSOR_DIR)
    return {
        "name": CONFIG_CONTAINER,
        "image": image,
        "essential": False,
        "user": "0",
        "entryPoint": ["sh", "-c"],
        "command": [script],
        "environment": _environment(environment),
        "memory": _CONFIG_MEMORY,
        "readonlyRootFilesystem": True,
        "dockerSecurityOptions": SECURITY_OPTIONS,
        "linuxParameters": {"capabilities": {"drop": ["ALL"]}},
        "mountPoints": [_config_mount(read_only=False)],
        "logConfiguration": _LOCAL_LOG,
    }


def _router(router: Container) -> Document:
    return {
        **_container(router),
        "dependsOn": [{"containerName": CONFIG_CONTAINER, "condition": "SUCCESS"}],
        "firelensConfiguration": {
            "type": "fluentbit",
            "options": {
                "enable-ecs-log-metadata": "true",
                "config-file-type": "file",
                "config-file-value": f"{SENSOR_DIR}/{shipper.MAIN_FILE}",
            },
        },
        "logConfiguration": _LOCAL_LOG,
    }


def _falco(sensor: Container) -> Document:
    return {
        **_container(sensor),
        "command": list(sensor.command),
        "dependsOn": [
            {"containerName": CONFIG_CONTAINER, "condition": "SUCCESS"},
            {"containerName": ROUTER_CONTAINER, "condition": "HEALTHY"},
        ],
        # The buffer limit is not an option of an output, so the agent generates none: ours are all in our own file.
        "logConfiguration": {
            "logDriver": "awsfirelens",
            "options": {"log-driver-buffer-limit": str(DRIVER_BUFFER_LIMIT)},
        },
    }


def _container(container: Container) -> Document:
    health = container.health
    return {
        "name": container.name,
        "image": container.image.tag_or_digest,
        "essential": True,
        "user": "0",
        "cpu": container.resources.cpu * 1024 // 1000,
        "memoryReservation": container.resources.memory,
        "memory": container.resources.memory_limit,
        "readonlyRootFilesystem": True,
        "dockerSecurityOptions": SECURITY_OPTIONS,
        "linuxParameters": {
            "capabilities": container.only_capabilities(),
            "tmpfs": [{"containerPath": path, "size": _SCRATCH_MIB} for path in container.scratch],
        },
        "environment": _environment(container.environment),
        "mountPoints": [
            _config_mount(read_only=True),
            *(
                {"sourceVolume": mount.name, "containerPath": mount.target, "readOnly": mount.read_only}
                for mount in container.mounts
            ),
        ],
        "healthCheck": {
            "command": ["CMD", *health.command],
            "interval": health.interval,
            "timeout": health.timeout,
            "retries": health.failures,
            "startPeriod": health.start,
        },
        "restartPolicy": RESTART_POLICY,
        "stopTimeout": STOP_TIMEOUT,
    }


def _config_mount(*, read_only: bool) -> Document:
    return {"sourceVolume": "config", "containerPath": SENSOR_DIR, "readOnly": read_only}


def _environment(environment: Mapping[str, str]) -> list[Document]:
    return [{"name": name, "value": value} for name, value in environment.items()]


def _check_size(rendered: EcsTask) -> None:
    if (found := size(rendered)) > LARGEST:
        raise SensorError(
            f"The sensor's task definition is {found:,} bytes, but ECS leaves {LARGEST:,} for it: "
            "shorten the files of falco.rulesFiles (comments and long descriptions first), or keep rules that are for "
            "Kubernetes only out of this stack."
        )
