"""What the real Falco prints while it runs with our settings, from its start to its stop, and that Fluent Bit ships it.

Falco runs without its probe, which few machines for tests let in; so the events are those that it tells of itself.
"""

import dataclasses
import json
import re
import shutil
import time
from typing import Any

import pytest

from falco_firelens.contract import Platform
from falco_firelens.responder.event import pack, parse_delivery
from falco_firelens.sensor.falco import sums
from testbed.destination import Destination
from testbed.fluent_bit import wait_until
from tests.pipeline.conftest import LOG_GROUP, NodeFactory
from tests.pipeline.running_falco import running
from tests.pipeline.test_falco import PLATFORMS, complete, falco_program
from tests.waiting import PATIENCE

HEARTBEAT = "Falco internal: metrics snapshot"

pytestmark = [
    pytest.mark.pipeline,
    pytest.mark.skipif(not falco_program, reason="falco is not on PATH: https://falco.org/docs/setup/packages/"),
    complete,
]


@dataclasses.dataclass(frozen=True)
class Run:
    """One run of Falco, from start to SIGTERM."""

    platform: Platform
    stdout: list[str]
    stderr: list[str]
    exit_code: int
    healthy: bool
    sums: dict[str, str]
    """Of its own files, as the watch is told them."""

    @property
    def events(self) -> list[str]:
        return [line for line in self.stdout if line.startswith("{")]


@pytest.fixture(scope="module", params=PLATFORMS)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """As its container runs it, but with a heartbeat every second."""
    platform: Platform = request.param

    def change(settings: dict[str, Any]) -> None:
        settings["engine"] = {"kind": "nodriver"}
        settings["metrics"]["interval"] = "1s"

    restricted = ["setpriv", "--no-new-privs"] if shutil.which("setpriv") else []
    with running(tmp_path_factory.mktemp("falco"), platform, change, restricted) as falco:
        ready = falco.wait(lambda: falco.healthy)
        falco.wait(lambda: sum(HEARTBEAT in line for line in falco.stdout) >= 2)
        healthy = ready and falco.healthy
        falco.process.terminate()
        code = falco.process.wait(timeout=PATIENCE)
        files = {file.name: file.read_text() for file in falco.directory.glob("*.yaml")}
        return Run(platform, falco.stdout, falco.stderr, code, healthy, sums(files))


def test_it_answers_the_health_check_and_stops_when_asked_to(run: Run):
    assert run.healthy, run.stderr
    assert run.exit_code == 0, run.stderr


def test_a_heartbeat_passes_whatever_the_minimum_priority_and_says_what_the_alarms_read(run: Run):
    first, second = (json.loads(line) for line in run.events[:2])
    assert first.keys() == {"hostname", "output", "output_fields", "priority", "rule", "source", "time"}
    assert (first["rule"], first["priority"], first["source"]) == (HEARTBEAT, "Informational", "internal")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", first["time"])
    assert first["time"] < second["time"]
    fields: dict[str, Any] = first["output_fields"]
    assert fields["falco.outputs_queue_num_drops"] == 0
    assert fields["scap.n_drops_perc"] == 0
    assert fields["falco.container_memory_used_mb"] == 100
    assert {key: fields.get(key) for key in run.sums} == run.sums and len(run.sums) >= 2
    assert "falco.sha256_config_file.falco_yaml" in run.sums
    assert not [name for name in fields if name.startswith(("falco.jemalloc.", "falco.rules."))]
    assert len(fields) < 150, "CloudWatch Logs transforms events of at most 200 fields"


def test_fluent_bit_ships_its_events_whole_and_nothing_else(run: Run, new_node: NodeFactory, destination: Destination):
    assert len(run.stdout) > len(run.events), "a stopping Falco prints statistics too"
    node = new_node(run.platform)
    node.fluent_bit.start()
    for line in run.stderr:
        node.write(line, stream="stderr")
    for line in run.stdout:
        node.write(line)
    place = f"{LOG_GROUP}:shop/{node.name}"
    assert wait_until(lambda: len(destination.messages(place)) >= len(run.events), PATIENCE)
    time.sleep(1.5)  # longer than Flush: what should not come would have come
    shipped = [json.loads(message) for message in destination.messages(place)]
    assert {event.pop("cluster")["platform"] for event in shipped} == {run.platform}
    assert shipped == [json.loads(line) for line in run.events]
    delivery = parse_delivery(pack(destination.messages(place), place.removeprefix(f"{LOG_GROUP}:")))
    assert len(delivery.events) == len(run.events) and not delivery.set_aside, "the response's function knows them"
