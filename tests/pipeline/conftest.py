"""Nodes with a real Fluent Bit, and an endpoint that fails when told to."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from falco_firelens.contract import Platform
from falco_firelens.sensor import firelens, fluent_bit
from falco_firelens.sensor.model import ClusterIdentity, FirehoseStream, LogGroup, Pipeline
from testbed import EcsNode, KubernetesNode, Node, missing
from testbed.destination import Destination

LOG_GROUP = "/falco/events"
REGION = "eu-west-1"
STREAMS = (FirehoseStream("to-s3", REGION), FirehoseStream("to-opensearch", REGION))

NodeFactory = Callable[..., Node]


@pytest.fixture
def root() -> Iterator[Path]:
    """A short path, unlike tmp_path: a unix socket lives there."""
    path = Path(tempfile.mkdtemp(prefix="pipeline-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def destination(root: Path) -> Iterator[Destination]:
    with Destination(root, groups=(LOG_GROUP,)) as destination:
        yield destination


@pytest.fixture
def new_node(root: Path, destination: Destination) -> Iterator[NodeFactory]:
    """A node of the platform; `change` edits the rendered files, to make waits short."""
    if problem := missing():
        pytest.skip(problem)
    with ExitStack() as stack:

        def new(
            platform: Platform,
            *,
            streams: tuple[FirehoseStream, ...] = (),
            budget: int | None = None,
            change: Callable[[str], str] = lambda text: text,
        ) -> Node:
            identity = ClusterIdentity("shop", platform, "123456789012", REGION)
            pipeline = Pipeline(identity, LogGroup(LOG_GROUP, REGION), streams, budget=budget)
            rendered = firelens.files(pipeline) if platform == "ecs" else fluent_bit.files(pipeline)
            files = {name: change(text) for name, text in rendered.items()}
            node_type = EcsNode if platform == "ecs" else KubernetesNode
            return stack.enter_context(closing(node_type(files, root, destination.endpoint)))

        yield new
