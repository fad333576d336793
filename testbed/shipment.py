"""Ships lines through a rendered or deployed configuration to an endpoint, and returns when they have arrived."""

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from testbed.errors import PipelineError
from testbed.fluent_bit import wait_until
from testbed.node import EcsNode, KubernetesNode, Node
from testbed.placement import Endpoint

_NodeType = Callable[[Mapping[str, str], Path, Endpoint], Node]


def run_kubernetes(files: Mapping[str, str], endpoint: Endpoint, events: Sequence[str], *, seconds: float = 60) -> str:
    """Have a Kubernetes node's Fluent Bit ship Falco's lines.

    `files` is the data of the `fluent-bit` ConfigMap, `events` the lines that Falco prints. Returns the node's name,
    which ends the log stream's, once every output has delivered all of them; what else Fluent Bit is given, such as
    text of Falco's own, it must drop. Raises PipelineError when Fluent Bit is not there, does not start, or has not
    delivered in time.
    """
    return _ship(KubernetesNode, files, endpoint, events, seconds)


def run_ecs(files: Mapping[str, str], endpoint: Endpoint, events: Sequence[str], *, seconds: float = 60) -> str:
    """Have an ECS task's log router ship Falco's lines; `files` is what its task definition puts at SENSOR_DIR.

    Returns and raises as `run_kubernetes` does.
    """
    return _ship(EcsNode, files, endpoint, events, seconds)


def _ship(
    node_type: _NodeType, files: Mapping[str, str], endpoint: Endpoint, events: Sequence[str], seconds: float
) -> str:
    # Not below the project: a unix socket's path has at most 107 bytes.
    root = Path(tempfile.mkdtemp(prefix="pipeline-"))
    try:
        with closing(node_type(files, root, endpoint)) as node:
            node.fluent_bit.start()
            node.write("Falco's own words are not an event", stream="stderr")
            for event in events:
                node.write(event)
            if not wait_until(lambda: _delivered(node, len(events)), seconds, interval=0.2):
                counts = node.fluent_bit.delivered()
                tail = node.fluent_bit.log_tail()
                raise PipelineError(f"found {counts} of {len(events)} events delivered after {seconds} s:\n{tail}")
            return node.name
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _delivered(node: Node, count: int) -> bool:
    counts = node.fluent_bit.delivered().values()
    return bool(counts) and min(counts) >= count
