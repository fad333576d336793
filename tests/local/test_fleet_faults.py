"""A fleet when things go wrong: failures in the middle, cancellation, killed processes, two at once, secrets."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from falco_firelens.fleet import Cancellation, Event, Fleet, Stack, Status, Waves
from falco_firelens.fleet.comment import comment
from falco_firelens.settings import load
from localcloud.accounts import ROLE
from tests.local.fleets import ADOPTED, PROJECT, Stacks, role_of
from tests.local.gate import Gate, gate
from tests.local.test_fleet import ONE, THREE, TWO, stacks
from tests.waiting import PATIENCE, ended, wait_for

__all__ = ["stacks"]
pytestmark = pytest.mark.local

SECRET = "Sup3rS3cretV4lue"

BEFORE_ANYTHING_IS_MADE, IN_A_PREVIEW, IN_AN_UPDATE = "GetCallerIdentity", "DescribeClusters", "CreateLogGroup"
"""Operations of AWS: the program asks whose account it is and looks the adopted cluster up whenever it runs; only an
update makes the log group."""


@pytest.fixture
def aws(stacks: Stacks, local_env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """A gate before the AWS of whatever the test starts."""
    with gate(local_env["AWS_ENDPOINT_URL"]) as found:
        monkeypatch.setenv("AWS_ENDPOINT_URL", found.url)
        yield found
        monkeypatch.setenv("AWS_ENDPOINT_URL", local_env["AWS_ENDPOINT_URL"])


def command(stacks: Stacks, *arguments: str) -> subprocess.Popen[str]:
    """The command line as a process of its own."""
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "falco_firelens",
            "fleet",
            *arguments,
            "--folder",
            str(stacks.folder),
            "--role",
            ROLE,
            "--json",
        ],
        cwd=PROJECT,
        env=os.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def complete(stacks: Stacks, *arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    """Run to the end: the code, the results, what was told."""
    process = command(stacks, *arguments)
    out, err = process.communicate(timeout=PATIENCE)
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


class Held:
    """A `pulumi` on PATH that waits before it begins, as an engine does that a busy machine has not begun yet."""

    def __init__(self, folder: Path, command: str, env: dict[str, str]) -> None:
        folder.mkdir()
        self._arrived, self._open = folder / "arrived", folder / "open"
        script = f"""#!/bin/sh
case " $* " in
*" {command} "*) touch {self._arrived}; while ! [ -e {self._open} ]; do sleep 0.05; done ;;
esac
PATH={env["PATH"]} exec pulumi "$@"
"""
        (folder / "pulumi").write_text(script)
        (folder / "pulumi").chmod(0o755)
        self.path = f"{folder}:{env['PATH']}"

    def wait(self, process: subprocess.Popen[str]) -> None:
        wait_for(lambda: self._arrived.exists() or process.poll() is not None, "the engine")
        assert self._arrived.exists()

    def open(self) -> None:
        self._open.touch()


def cancelled(process: subprocess.Popen[str], number: signal.Signals) -> None:
    """Cancel, and see that it has been understood."""
    process.send_signal(number)
    assert process.stderr
    for line in process.stderr:
        if "ending what has begun" in line:
            return
    raise AssertionError("it ended")


def ends_in_order(stacks: Stacks, process: subprocess.Popen[str]) -> None:
    """A cancelled run leaves no lock and nothing half-written."""
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, told
    nothing_is_half_written(stacks)


def nothing_is_half_written(stacks: Stacks) -> None:
    assert stacks.locks() == []
    for stack in json.loads(stacks.pulumi("stack", "ls", "--json")):
        exported = json.loads(stacks.pulumi("stack", "export", "--stack", stack["name"]))
        assert not exported["deployment"].get("pending_operations")


@pytest.mark.slow
@pytest.mark.parametrize("attempt", range(8))
def test_cancelled_at_any_moment_no_stack_is_locked_or_half_written(stacks: Stacks, attempt: int) -> None:
    for name, account in (("a", ONE), ("b", TWO)):
        stacks.write(name, account)
    seconds = 0.5 + 3 * attempt  # an update takes about 24, half of it the preview before it
    process = command(stacks, "up", "--canary", "2")

    time.sleep(seconds)
    process.send_signal((signal.SIGINT, signal.SIGTERM)[attempt % 2])
    process.communicate(timeout=PATIENCE)

    assert process.returncode in (0, 130, -signal.SIGINT, -signal.SIGTERM)
    nothing_is_half_written(stacks)
    code, results, told = complete(stacks, "up")
    assert code == 0, told
    assert [result["notes"] for result in results] == [[], []]


@pytest.mark.parametrize("engine", ["preview", "up"])
def test_cancelled_before_an_engine_has_begun_nothing_is_done(
    stacks: Stacks, local_env: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, engine: str
) -> None:
    """The preview, and the update after it."""
    stacks.write("a", ONE)
    held = Held(tmp_path / "held", engine, local_env)
    monkeypatch.setenv("PATH", held.path)
    process = command(stacks, "up")
    held.wait(process)
    cancelled(process, signal.SIGTERM)
    held.open()
    ends_in_order(stacks, process)
    assert stacks.logs(ONE).describe_log_groups()["logGroups"] == []


def test_cancelled_in_a_preview_and_in_an_update_no_stack_is_locked_or_half_written_and_the_next_run_goes_on(
    stacks: Stacks, aws: Gate
) -> None:
    for name, account in (("a", ONE), ("b", TWO)):
        stacks.write(name, account)
    for operation, number in ((IN_A_PREVIEW, signal.SIGTERM), (IN_AN_UPDATE, signal.SIGINT)):
        aws.hold(operation)
        process = command(stacks, "up", "--canary", "2")
        aws.wait(lambda process=process: process.poll() is None)
        cancelled(process, number)
        aws.open()
        ends_in_order(stacks, process)

    code, results, told = complete(stacks, "up")
    assert code == 0, told
    assert [result["notes"] for result in results] == [[], []]
    assert all(result["counts"] for result in results), "there was something left to do"


def test_cancelling_by_the_library_ends_what_runs_and_begins_nothing_more(stacks: Stacks, aws: Gate) -> None:
    for name, account in (("a", ONE), ("b", TWO)):
        stacks.write(name, account)
    fleet, cancellation = stacks.fleet(), Cancellation()
    aws.hold(IN_AN_UPDATE)

    def cancel() -> None:
        aws.wait()
        cancellation.request()
        aws.open()

    threading.Thread(target=cancel).start()
    a, b = fleet.up(fleet.stacks(), cancellation=cancellation)

    assert (a.status, b.status) == (Status.CANCELLED, Status.CANCELLED)
    assert a.changes and not b.changes
    assert stacks.locks() == []


def engine_of(process: subprocess.Popen[str]) -> psutil.Process:
    """The engine of a run with one stack."""
    children = psutil.Process(process.pid).children(recursive=True)
    (found,) = (child for child in children if child.name() == "pulumi" and "--event-log" in child.cmdline())
    return found


def test_a_killed_engine_is_told_and_the_next_run_takes_its_lock_away_and_goes_on(
    stacks: Stacks, aws: Gate, local_env: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stacks.write("a", ONE)
    held = Held(tmp_path / "held", "up", local_env)
    monkeypatch.setenv("PATH", held.path)
    process = command(stacks, "up")
    held.wait(process)
    aws.hold(BEFORE_ANYTHING_IS_MADE)
    held.open()
    aws.wait(lambda: process.poll() is None)

    engine_of(process).kill()
    out, _ = process.communicate(timeout=PATIENCE)

    (killed,) = json.loads(out)
    assert killed["error"]["kind"] == "EngineKilled"
    assert stacks.locks() == ["a"]
    aws.open(drop=True)
    code, (result,), told = complete(stacks, "up")
    assert code == 0, told
    assert "took away the lock of a killed engine" in result["notes"][0]
    assert stacks.locks() == []


def test_when_the_fleet_s_process_is_killed_the_engine_ends_its_update_and_meanwhile_a_second_run_is_refused(
    stacks: Stacks, aws: Gate
) -> None:
    stacks.write("a", ONE)
    aws.hold(IN_AN_UPDATE)
    process = command(stacks, "up")
    aws.wait(lambda: process.poll() is None)
    engine = engine_of(process)

    process.kill()
    process.communicate()
    code, (refused,), _ = complete(stacks, "destroy", "--yes")

    assert code == 1
    assert refused["error"]["kind"] == "StackLocked"
    assert f"process {engine.pid} of" in refused["error"]["message"]
    aws.open()
    wait_for(lambda: ended(engine.pid), "the engine's end")
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
    own: dict[str, Any] = {"name": "own", "platform": "kubernetes", "nodeRole": "selfmanaged-node"}
    own["existing"] = {"kubeconfig": yaml.safe_dump(kubeconfig)}
    notifications = [{"protocol": "https", "endpoint": f"https://events.example/{SECRET}"}]
    tree = {"account": ONE, "clusters": [*ADOPTED, own], "notifications": notifications}
    settings = load(tree, file="object", root=PROJECT)
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
    files = [file for file in stacks.state.rglob("*") if file.is_file() and "secretive" in str(file)]
    assert files and not [file for file in files if SECRET.encode() in file.read_bytes()]
    told_of = next(one for one in previewed[0].changes if one.kind == "TopicSubscription")
    assert told_of.new["endpoint"] == "[secret]"
    assert fleet.destroy([stack])[0].ok
