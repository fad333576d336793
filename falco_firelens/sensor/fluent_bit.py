"""Fluent Bit's configuration on a Kubernetes node: follows Falco's container log and ships its events."""

from falco_firelens.contract import SENSOR_NAMESPACE
from falco_firelens.sensor import events
from falco_firelens.sensor.model import FALCO_CONTAINER, FLUENT_BIT_STATE_DIR, Pipeline

TAG = "falco"

POD_LOGS_ROOT = "/var/log/pods"
"""Where containerd and CRI-O write the logs of containers: real files, so that no other folder has to be mounted. Only
Docker's are links, and to it no engine of `sensor.falco.ENGINES` speaks on Kubernetes."""

POD_LOGS = f"{POD_LOGS_ROOT}/{SENSOR_NAMESPACE}_falco-*_*/{FALCO_CONTAINER}"
"""The kubelet's directory of Falco's log files on its node, however Falco was installed as `falco` in the namespace.

Not /var/log/containers, whose links lead to the current file only: what was rotated while Fluent Bit was away would
never be read. https://kubernetes.io/docs/concepts/cluster-administration/logging/#log-rotation
"""

ROTATED_SECONDS = 365 * 24 * 60 * 60
"""Longer than any rotated file exists: when Fluent Bit lets go of one that its path still matches, it forgets that it
has read it, finds it again, and ships all of it twice. A file that is deleted is let go at once by inotify."""

LONGEST_LINE = "2M"
"""Longer lines are skipped. The runtime cuts lines at 16 KiB, so only a damaged file has one."""


def files(pipeline: Pipeline) -> dict[str, str]:
    """File name to text, for the ConfigMap that is mounted at SENSOR_DIR.

    Raises SensorError when the pipeline has no destination.
    """
    configuration = (events.service(), _tail(), _clock(), events.filters(pipeline, TAG), events.outputs(pipeline, TAG))
    return {
        "fluent-bit.conf": "\n".join(configuration),
        "parsers.conf": events.PARSERS,
        "event.lua": events.script(pipeline, "cri", node_field="node"),
    }


def _tail() -> str:
    """`[INPUT]` tail: every file from its beginning, the position kept on the node, rotated files included.

    The file just rotated is read on under its new name until the kubelet compresses it, at the next rotation.
    Lines stay as the runtime wrote them: Fluent Bit's own parser `cri` joins parts in one file only, and for 4 s.
    """
    return events.section(
        "INPUT",
        {
            "Name": "tail",
            "Tag": TAG,
            "Path": f"{POD_LOGS}/*.log,{POD_LOGS}/*.log.*",
            "Exclude_Path": "*.gz,*.tmp",
            "Path_Key": "path",
            "Offset_Key": "offset",
            "DB": f"{FLUENT_BIT_STATE_DIR}/tail.db",
            "DB.locking": "On",
            "Read_from_Head": "On",
            "Refresh_Interval": 5,
            "Rotate_Wait": ROTATED_SECONDS,
            "Buffer_Chunk_Size": "256K",
            "Buffer_Max_Size": LONGEST_LINE,
            "Skip_Long_Lines": "On",
            "storage.type": "filesystem",
        },
    )


def _clock() -> str:
    """`[INPUT]` dummy: records without a line, by which the script sees time pass where Falco is silent."""
    return events.section(
        "INPUT", {"Name": "dummy", "Tag": TAG, "Dummy": "{}", "Interval_Sec": 3, "storage.type": "memory"}
    )
