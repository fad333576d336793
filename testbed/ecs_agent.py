"""The configuration that the ECS agent generates around an external one for FireLens.

After agent/taskresource/firelens/firelensconfig_unix.go of https://github.com/aws/amazon-ecs-agent: the input first,
then the fields about the task, then the external configuration, then an output for each container with log options,
which Falco's has not.
"""

from collections.abc import Mapping
from pathlib import Path

TASK_ID = "0f9de17a6465404e8b1b2356dc13c2f8"
"""The task in the harness."""

INSTANCE_ID = "i-0123456789abcdef0"
"""The container instance in the harness, which is the node of its events."""


def tag(container: str) -> str:
    """Tag of the records of one container."""
    return f"{container}-firelens-{TASK_ID}"


def configuration(
    external: Path,
    unix_socket: Path,
    *,
    memory_mib: int = 128,
    cluster: str = "ecs",
    container: str = "falco",
    log_options: Mapping[str, str] | None = None,
) -> str:
    """Return the main configuration, for a task in host network mode.

    `memory_mib` is the log router's memory limit, `log_options` are those of the container's `awsfirelens` log driver.
    """
    arn = f"arn:aws:ecs:eu-west-1:123456789012:task/{cluster}/{TASK_ID}"
    return f"""\
[INPUT]
    Name forward
    Mem_Buf_Limit {memory_mib // 2}MB
    unix_path {unix_socket}

[FILTER]
    Name record_modifier
    Match *
    Record ec2_instance_id {INSTANCE_ID}
    Record ecs_cluster {cluster}
    Record ecs_task_arn {arn}
    Record ecs_task_definition falco:1

@INCLUDE {external}
{_output(container, log_options) if log_options else ""}"""


def _output(container: str, log_options: Mapping[str, str]) -> str:
    options = {"Name": log_options["Name"], "Match": f"{container}-firelens*", **log_options}
    return "\n".join(("", "[OUTPUT]", *(f"    {name} {value}" for name, value in options.items()), ""))
