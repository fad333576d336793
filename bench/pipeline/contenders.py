"""The configurations to compare on Kubernetes and on ECS: the seed's, ours, and ours with a Firehose stream beside."""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from bench.pipeline import seed
from falco_firelens.contract import Platform
from falco_firelens.sensor import firelens, fluent_bit
from falco_firelens.sensor.model import ClusterIdentity, FirehoseStream, LogGroup, Pipeline
from testbed import EcsNode, Endpoint, KubernetesNode, Node
from testbed.destination import Destination
from testbed.samples import number_of

LOG_GROUP = "/falco/events"
REGION = "eu-west-1"
STREAM = FirehoseStream("falco-events-s3", REGION)


class Contender(NamedTuple):
    """One configuration: how to put it on a node, and how to tell its events apart.

    `places` is where a node's events have to arrive, each of them at each place; None is anywhere.
    """

    platform: str
    name: str
    node: Callable[[Path, Endpoint], Node]
    number_of: Callable[[str], int]
    places: Callable[[Node], Sequence[str | None]] = lambda _: (None,)


@contextmanager
def running(contender: Contender) -> Generator[tuple[Node, Destination]]:
    """Yield a node that has not been started, and where it sends to."""
    with TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as name:
        root = Path(name)
        with (
            Destination(root, groups=(LOG_GROUP, seed.LOG_GROUP)) as destination,
            closing(contender.node(root, destination.endpoint)) as node,
        ):
            yield node, destination


def _pipeline(platform: Platform, streams: tuple[FirehoseStream, ...] = ()) -> Pipeline:
    return Pipeline(ClusterIdentity("shop", platform, "123456789012", REGION), LogGroup(LOG_GROUP, REGION), streams)


def _kubernetes(root: Path, endpoint: Endpoint, *, streams: tuple[FirehoseStream, ...] = ()) -> Node:
    return KubernetesNode(fluent_bit.files(_pipeline("eks", streams)), root, endpoint)


def _ecs(root: Path, endpoint: Endpoint, *, streams: tuple[FirehoseStream, ...] = ()) -> Node:
    return EcsNode(firelens.files(_pipeline("ecs", streams)), root, endpoint)


def _both(node: Node) -> tuple[str, str]:
    return f"{LOG_GROUP}:shop/{node.name}", STREAM.name


CONTENDERS = (
    Contender("Kubernetes", "the seed's", seed.kubernetes_node, seed.number_of),
    Contender("Kubernetes", "ours", _kubernetes, number_of),
    Contender("Kubernetes", "ours, to Firehose too", partial(_kubernetes, streams=(STREAM,)), number_of, _both),
    Contender("ECS", "the seed's", seed.ecs_node, seed.number_of),
    Contender("ECS", "ours", _ecs, number_of),
    Contender("ECS", "ours, to Firehose too", partial(_ecs, streams=(STREAM,)), number_of, _both),
)
