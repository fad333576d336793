"""Fluent Bit's configuration in an ECS task: the external configuration that FireLens includes in its generated one.

What is generated around it is in the agent's source, agent/taskresource/firelens/firelensconfig_unix.go: a `forward`
input on a unix socket, and fields about the task on every record. No input is declared here, yet the `[SERVICE]` below
moves FireLens's own input from memory to disk (`storage.inherit`), which no option of FireLens can.
"""

from falco_firelens.sensor import events
from falco_firelens.sensor.model import FALCO_CONTAINER, Pipeline

MATCH = f"{FALCO_CONTAINER}-firelens-*"
"""FireLens tags Falco's records `falco-firelens-<task id>`; chunks of an earlier task keep their own tag."""


def files(pipeline: Pipeline) -> dict[str, str]:
    """File name to text, to be found at SENSOR_DIR in the log router's container.

    Raises SensorError when the pipeline has no destination.
    """
    configuration = (events.service(), events.filters(pipeline, MATCH), events.outputs(pipeline, MATCH))
    return {
        "fluent-bit.conf": "\n".join(configuration),
        "parsers.conf": events.PARSERS,
        "event.lua": events.script(pipeline, "docker", node_field="ec2_instance_id"),
    }
