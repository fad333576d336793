"""The real Falco with its probe sees an intruder in a real container, and the response knows which pod or task it is.

From a system call on: Falco with the sensor's settings and no more capabilities than the sensor has, the runtime that a
node has, Fluent Bit as deployed, and what the response's function reads. Runs where the kernel lets the probe in.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from falco_firelens.contract import Platform
from falco_firelens.responder.event import Event, pack, parse_delivery
from falco_firelens.responder.targets import Target, subject_of
from falco_firelens.sensor import falco
from testbed.destination import Destination
from testbed.fluent_bit import wait_until
from tests.pipeline import container_runtimes
from tests.pipeline.conftest import LOG_GROUP, NodeFactory
from tests.pipeline.container_runtimes import IMAGE, POD, TASK, Victim, victim
from tests.pipeline.running_falco import running
from tests.pipeline.test_falco import complete, falco_program
from tests.waiting import PATIENCE

RULE = "Read sensitive file untrusted"
"""Of Falco's default rules; it needs no terminal."""

EXPECTED = {
    "ecs": Target("task", "shop", TASK),
    "eks": Target("pod", "shop", POD["name"], POD["namespace"], POD["uid"]),
}

pytestmark = [
    pytest.mark.pipeline,
    pytest.mark.skipif(not falco_program, reason="falco is not on PATH: https://falco.org/docs/setup/packages/"),
    complete,
]


@pytest.fixture(scope="module", autouse=True)
def probe(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skip where the probe cannot be loaded with Falco's own defaults either, and with all that root may.

    That it is the probe is sure: without it Falco runs with these settings, see test_falco_live.
    """

    def change(settings: dict[str, Any]) -> None:
        settings["engine"] = {"kind": "modern_ebpf"}

    def seen() -> bool:
        """It answers the health check before it loads the probe, so only an event shows that there is one."""
        subprocess.run(["/bin/cat", "/etc/shadow"], stdout=subprocess.DEVNULL, check=True)
        return any(RULE in line for line in plain.stdout)

    with running(tmp_path_factory.mktemp("probe"), "eks", change) as plain:
        if not plain.wait(seen):
            pytest.skip(f"Falco's probe cannot be loaded here: {plain.stderr[-1:]}")


@pytest.fixture
def intruded(root: Path, platform: Platform) -> Iterator[Victim]:
    reason = container_runtimes.missing(platform)
    if reason:
        pytest.skip(reason)
    folder = root / "runtime"
    folder.mkdir()
    with victim(platform, folder) as made:
        yield made


def as_the_container_may(platform: Platform) -> list[str]:
    """What starts a program as root with the sensor's capabilities alone.

    One that this machine does not give root is not to be had: RLIMIT_MEMLOCK must then be high enough already.
    """
    program = shutil.which("setpriv")
    if program is None:
        pytest.skip("setpriv is not on PATH")
    given = ",".join(f"+{name.lower()}" for name in falco.CAPABILITIES[platform] if name in ours())
    return [program, "--no-new-privs", f"--bounding-set=-all,{given}", "--inh-caps=-all"]


def ours() -> set[str]:
    """The capabilities of the sensor that this process has itself."""
    numbers = {"SYS_PTRACE": 19, "SYS_ADMIN": 21, "SYS_RESOURCE": 24, "PERFMON": 38, "BPF": 39}
    (line,) = (one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("CapBnd"))
    return {name for name, number in numbers.items() if int(line.split()[1], 16) >> number & 1}


@pytest.mark.parametrize("platform", ["ecs", "eks"])
def test_an_intruder_in_a_container_is_seen_and_the_response_knows_where(
    platform: Platform, intruded: Victim, tmp_path: Path, new_node: NodeFactory, destination: Destination
) -> None:
    def change(settings: dict[str, Any]) -> None:
        for engine in settings["plugins"][0]["init_config"]["engines"].values():
            engine.update({"sockets": [str(intruded.socket)]} if engine["enabled"] else {})

    with running(tmp_path, platform, change, as_the_container_may(platform)) as seeing:
        assert seeing.wait(lambda: seeing.healthy), seeing.stderr

        def seen() -> bool:
            """It is healthy before it looks, so that the first intrusions may go unseen."""
            intruded.execute("/bin/cat", "/etc/shadow")
            return any(RULE in line for line in seeing.stdout)

        assert seeing.wait(seen), seeing.stderr
        printed = seeing.stdout
    found = next(event for event in shipped(printed, platform, new_node, destination) if event.rule == RULE)
    assert subject_of(found) == EXPECTED[platform]
    assert found.in_container and IMAGE.endswith(found.image.removeprefix("docker.io/"))


def shipped(lines: list[str], platform: Platform, new_node: NodeFactory, destination: Destination) -> tuple[Event, ...]:
    """What comes of the lines that Falco printed by way of Fluent Bit, as the response's function takes it."""
    node = new_node(platform)
    node.fluent_bit.start()
    for line in lines:
        node.write(line)
    events = [line for line in lines if line.startswith("{")]
    place = f"{LOG_GROUP}:shop/{node.name}"
    assert wait_until(lambda: len(destination.messages(place)) >= len(events), PATIENCE)
    delivery = parse_delivery(pack(destination.messages(place), place.removeprefix(f"{LOG_GROUP}:")))
    assert not delivery.set_aside and len(delivery.events) == len(events)
    assert all("cluster" in json.loads(message) for message in destination.messages(place))
    return delivery.events
