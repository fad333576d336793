"""What the real Falco prints while it runs with our settings, from its start to its stop, and that Fluent Bit ships it.

Falco runs without its probe, which few machines for tests let in; so the events are those that it tells of itself.
"""

import dataclasses
import json
import os
import re
import subprocess
import time
import urllib.request
from typing import Any

import pytest

from localcloud.pipeline.destination import Destination
from localcloud.pipeline.fluent_bit import free_port, wait_until
from responder.event import pack, parse_delivery
from sensor import falco
from sensor.model import ClusterIdentity, FalcoOptions, Platform
from tests.pipeline.conftest import LOG_GROUP, NodeFactory
from tests.pipeline.test_falco import PLATFORMS, complete, falco_program

SECONDS = 60
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

    @property
    def events(self) -> list[str]:
        return [line for line in self.stdout if line.startswith("{")]


@pytest.fixture(scope="module", params=PLATFORMS)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """As its container runs it, but with a heartbeat every second."""
    platform: Platform = request.param
    directory = tmp_path_factory.mktemp("falco")
    options, identity = FalcoOptions(), ClusterIdentity("shop", platform, "123456789012", "eu-west-1")
    container = falco.container(options, identity)
    settings = falco.settings(options, identity, str(directory))
    settings["engine"] = {"kind": "nodriver"}
    settings["metrics"]["interval"] = "1s"
    settings["webserver"].update(listen_port=free_port(), listen_address="127.0.0.1")
    for name, text in {**falco.rules(options), falco.SETTINGS_FILE: falco.to_yaml(settings)}.items():
        (directory / name).write_text(text)
    url = f"http://127.0.0.1:{settings['webserver']['listen_port']}{container.health.path}"
    memory = directory / "memory.current"
    memory.write_text(str(100 * 2**20))
    # Not in a container: the node's files are where they always are, and no control group is Falco's own.
    places = {"HOST_ROOT": "", "FALCO_CGROUP_MEM_PATH": str(memory)}
    assert places.keys() == container.environment.keys()
    environment = {**os.environ, **places}
    stdout, stderr = directory / "stdout", directory / "stderr"
    with stdout.open("w") as out, stderr.open("w") as err:
        process = subprocess.Popen(
            [str(falco_program), "-c", str(directory / falco.SETTINGS_FILE)], stdout=out, stderr=err, env=environment
        )
    try:
        ready = wait_until(lambda: answers(url) or process.poll() is not None, SECONDS)
        wait_until(lambda: stdout.read_text().count(HEARTBEAT) >= 2 or process.poll() is not None, SECONDS)
        healthy = ready and answers(url)
        process.terminate()
        code = process.wait(timeout=30)
    finally:
        process.kill()
        process.wait()
    return Run(platform, stdout.read_text().splitlines(), stderr.read_text().splitlines(), code, healthy)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status == 200
    except OSError:
        return False


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
    assert "falco.sha256_config_file.falco_yaml" in fields
    assert not [name for name in fields if "jemalloc" in name]


def test_fluent_bit_ships_its_events_whole_and_nothing_else(run: Run, new_node: NodeFactory, destination: Destination):
    assert len(run.stdout) > len(run.events), "a stopping Falco prints statistics too"
    node = new_node(run.platform)
    node.fluent_bit.start()
    for line in run.stderr:
        node.write(line, stream="stderr")
    for line in run.stdout:
        node.write(line)
    place = f"{LOG_GROUP}:shop/{node.name}"
    assert wait_until(lambda: len(destination.messages(place)) >= len(run.events), SECONDS)
    time.sleep(1.5)  # longer than Flush: what should not come would have come
    shipped = [json.loads(message) for message in destination.messages(place)]
    assert {event.pop("cluster")["platform"] for event in shipped} == {run.platform}
    assert shipped == [json.loads(line) for line in run.events]
    delivery = parse_delivery(pack(destination.messages(place), place.removeprefix(f"{LOG_GROUP}:")))
    assert len(delivery.events) == len(run.events) and not delivery.set_aside, "the response's function knows them"
