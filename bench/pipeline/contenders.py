"""The four configurations to compare: ours and the seed's, on Kubernetes and on ECS."""

from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from bench.pipeline import seed
from localcloud.pipeline import EcsNode, Endpoint, KubernetesNode, Node
from localcloud.pipeline.destination import Destination
from localcloud.pipeline.samples import number_of
from sensor import firelens, fluent_bit
from sensor.model import ClusterIdentity, LogGroup, Pipeline, Platform

LOG_GROUP = "/falco/events"
REGION = "eu-west-1"


class Contender(NamedTuple):
    """One configuration: how to put it on a node, and how to tell its events apart."""

    platform: str
    name: str
    node: Callable[[Path, Endpoint], Node]
    number_of: Callable[[str], int]


@contextmanager
def running(contender: Contender) -> Generator[tuple[Node, Destination]]:
    """A node that has not been started, and where it sends to."""
    with TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as name:
        root = Path(name)
        with (
            Destination(root, groups=(LOG_GROUP, seed.LOG_GROUP)) as destination,
            closing(contender.node(root, destination.endpoint)) as node,
        ):
            yield node, destination


def _pipeline(platform: Platform) -> Pipeline:
    return Pipeline(ClusterIdentity("shop", platform, "123456789012", REGION), LogGroup(LOG_GROUP, REGION))


def _kubernetes(root: Path, endpoint: Endpoint) -> Node:
    return KubernetesNode(fluent_bit.files(_pipeline("eks")), root, endpoint)


def _ecs(root: Path, endpoint: Endpoint) -> Node:
    return EcsNode(firelens.files(_pipeline("ecs")), root, endpoint)


CONTENDERS = (
    Contender("Kubernetes", "the seed's", seed.kubernetes_node, seed.number_of),
    Contender("Kubernetes", "ours", _kubernetes, number_of),
    Contender("ECS", "the seed's", seed.ecs_node, seed.number_of),
    Contender("ECS", "ours", _ecs, number_of),
)
