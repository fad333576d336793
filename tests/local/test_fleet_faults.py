"""A fleet when things go wrong: failures in the middle, cancellation, killed processes, two at once, secrets."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from fleet import Cancellation, Event, Fleet, Stack, Status, Step, Waves
from fleet.comment import comment
from localcloud.accounts import ROLE
from settings import load
from tests.local.fleets import ADOPTED, PROJECT, Stacks, role_of
from tests.local.test_fleet import ONE, THREE, TWO, stacks

__all__ = ["stacks"]
pytestmark = pytest.mark.local

SECRET = "Sup3rS3cretV4lue"


def command(stacks: Stacks, *arguments: str) -> subprocess.Popen[str]:
    """The command line as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "fleet", *arguments, "--folder", str(stacks.folder), "--role", ROLE, "--json"],
        cwd=PROJECT,
        env=os.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def complete(stacks: Stacks, *arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    """Run to the end: the code, the results, what was told."""
    process = command(stacks, *arguments)
    out, err = process.communicate(timeout=300)
    return process.returncode, json.loads(out) if out else [], err


def test_a_failure_stops_the_waves_and_the_next_run_goes_on(stacks: Stacks) -> None:
    for name, account in (("a", ONE), ("b", TWO), ("c", THREE)):
        stacks.write(name, account)
    stacks.logs(TWO).create_log_group(logGroupName="/falco/events")  # AWS will refuse to make it again
    fleet = stacks.fleet()

    a, b, c = fleet.up(fleet.stacks(), waves=Waves(canary=1, few=1))

    assert (a.status, b.status, c.status) == (Status.SUCCEEDED, Status.FAILED, Status.SKIPPED)
    assert "already exists" in str(b.error)
    assert "b failed" in str(c.error)
    stacks.logs(TWO).delete_log_group(logGroupName="/falco/events")
    code, results, _ = complete(stacks, "up", "b", "c")
    assert code == 0
    assert [result["status"] for result in results] == ["succeeded", "succeeded"]


def test_a_spoke_waits_for_its_hub_and_is_not_begun_without_it(stacks: Stacks) -> None:
    stacks.write("hub", ONE)
    file = stacks.write("a-spoke", TWO)
    document = yaml.safe_load(file.read_text())
    document["config"]["falco-firelens:spoke"] = {"hub": "organization/falco-firelens/hub"}
    file.write_text(yaml.safe_dump(document))
    stacks.logs(ONE).create_log_group(logGroupName="/falco/events")
    fleet = stacks.fleet()

    hub, spoke = fleet.up(fleet.stacks(), waves=Waves(max_failures=9))

    assert (hub.stack, hub.status) == ("hub", Status.FAILED)
    assert (spoke.status, str(spoke.error)) == (Status.SKIPPED, "not begun, since its hub hub was not deployed")
    stacks.logs(ONE).delete_log_group(logGroupName="/falco/events")


@pytest.mark.parametrize("attempt", range(4))
def test_cancelled_at_a_random_moment_no_stack_is_locked_or_half_written(stacks: Stacks, attempt: int) -> None:
    for name, account in (("a", ONE), ("b", TWO)):
        stacks.write(name, account)
    seconds = random.Random().uniform(0.5, 24)  # an update takes about that long, half of it the preview before it
    process = command(stacks, "up", "--canary", "2")

    time.sleep(seconds)
    process.send_signal(random.choice([signal.SIGINT, signal.SIGTERM]))
    process.communicate(timeout=120)

    assert process.returncode in (0, 130, -signal.SIGINT, -signal.SIGTERM), f"after {seconds:.1f} s"
    assert stacks.locks() == [], f"after {seconds:.1f} s"
    for stack in json.loads(stacks.pulumi("stack", "ls", "--json")):
        exported = json.loads(stacks.pulumi("stack", "export", "--stack", stack["name"]))
        assert not exported["deployment"].get("pending_operations"), f"after {seconds:.1f} s"
    code, results, told = complete(stacks, "up")
    assert code == 0, told
    assert [result["notes"] for result in results] == [[], []]


def test_cancelling_by_the_library_ends_what_runs_and_begins_nothing_more(stacks: Stacks) -> None:
    for name, account in (("a", ONE), ("b", TWO)):
        stacks.write(name, account)
    fleet, cancellation = stacks.fleet(), Cancellation()

    def stop(event: Event) -> None:
        if isinstance(event, Step) and event.phase == "done":
            cancellation.request()

    a, b = fleet.up(fleet.stacks(), on_progress=stop, cancellation=cancellation)

    assert (a.status, b.status) == (Status.CANCELLED, Status.CANCELLED)
    assert a.changes and not b.changes
    assert stacks.locks() == []


def engines_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return [child for child in psutil.Process(process.pid).children(recursive=True) if child.name() == "pulumi"]


def wait_for(condition: Any, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_killed_engine_is_told_and_the_next_run_takes_its_lock_away_and_goes_on(stacks: Stacks) -> None:
    stacks.write("a", ONE)
    process = command(stacks, "up")
    wait_for(stacks.locks)

    for engine in engines_of(process):
        engine.kill()
    out, _ = process.communicate(timeout=60)

    (killed,) = json.loads(out)
    assert killed["error"]["kind"] == "EngineKilled"
    assert stacks.locks() == ["a"]
    code, (result,), told = complete(stacks, "up")
    assert code == 0, told
    assert "took away the lock of a killed engine" in result["notes"][0]
    assert stacks.locks() == []


def test_when_the_fleet_s_process_is_killed_the_engine_ends_its_update_and_meanwhile_a_second_run_is_refused(
    stacks: Stacks,
) -> None:
    stacks.write("a", ONE)
    process = command(stacks, "up")
    wait_for(stacks.locks)
    (engine,) = engines_of(process)

    process.kill()
    process.communicate()
    code, (refused,), _ = complete(stacks, "destroy", "--yes")

    assert code == 1
    assert refused["error"]["kind"] == "StackLocked"
    assert f"process {engine.pid} of" in refused["error"]["message"]
    wait_for(lambda: not engine.is_running(), 120)
    assert stacks.locks() == []
    code, (result,), told = complete(stacks, "up")
    assert (code, result["counts"]) == (0, {}), told


def test_two_requests_for_one_stack_in_one_fleet_follow_each_other(stacks: Stacks) -> None:
    stacks.write("a", ONE)
    fleet, found = stacks.fleet(), list[Any]()
    threads = [threading.Thread(target=lambda: found.extend(fleet.up(fleet.stacks()))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [result.status for result in found] == [Status.SUCCEEDED, Status.SUCCEEDED]
    assert sorted(len(result.changes) > 0 for result in found) == [False, True]


def test_a_secret_in_every_place_is_in_no_output_and_in_no_state(
    stacks: Stacks, tmp_path: Path, local_env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stacks.accounts.with_cluster(ONE)
    kubeconfig = yaml.safe_load(
        (Path(local_env["LOCALCLOUD_EKS_KUBECONFIG"]).parent / "selfmanaged.kubeconfig").read_text()
    )
    kubeconfig["users"][0]["user"]["password"] = SECRET
    own = {"name": "own", "platform": "kubernetes", "nodeRole": "selfmanaged-node"}
    own["existing"] = {"kubeconfig": yaml.safe_dump(kubeconfig)}
    settings = load({"account": ONE, "clusters": [*ADOPTED, own]}, file="object", root=PROJECT)
    monkeypatch.setenv("PULUMI_ACCESS_TOKEN", f"pul-{SECRET}")
    told: list[Event] = []
    fleet = Fleet(PROJECT, folders=[tmp_path], credentials=role_of)
    stack = Stack.of("secretive", "eu-west-1", settings)

    previewed = fleet.preview([stack], on_progress=told.append)
    deployed = fleet.up([stack], on_progress=told.append)

    everything = repr([previewed, deployed, told]) + comment(previewed) + comment(deployed)
    everything += json.dumps([event.as_dict() for event in told]) + json.dumps([one.as_dict() for one in deployed])
    assert SECRET not in everything
    assert "kubeconfigs" not in deployed[0].outputs
    state = Path(local_env["PULUMI_BACKEND_URL"].removeprefix("file://"))
    files = [file for file in state.rglob("*") if file.is_file() and "secretive" in str(file)]
    assert files and not [file for file in files if SECRET.encode() in file.read_bytes()]
    assert fleet.destroy([stack])[0].ok
