"""The real Falco tells of what is done to the sensor, and of nothing that the node does with it every day.

It replays captures that the test has written (capture.py): no probe is needed for that.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from falco_firelens.sensor import falco
from falco_firelens.sensor.model import ClusterIdentity, FalcoOptions
from tests.pipeline import capture
from tests.pipeline.capture import Seen, executed, number, short, text
from tests.pipeline.test_falco import complete, falco_program, run

FILES, SIGNALLED, TRACED, KILLED = (
    f"Falco FireLens: {what}"
    for what in ("sensor files changed", "sensor signalled", "sensor traced", "shipper killed")
)

FALCO, SHIPPER, SHIM, KUBELET, RUNC, STARTING, ATTACKER, INSIDE, IMPOSTOR = range(101, 110)
FALCO_ID, SHIPPER_ID, OTHER_ID = ("a" * 64, "b" * 64, "c" * 64)
NODE = [
    executed(FALCO, "/usr/bin/falco", container=FALCO_ID),
    executed(SHIPPER, "/fluent-bit/bin/fluent-bit", container=SHIPPER_ID),
    executed(SHIM, "/usr/bin/containerd-shim-runc-v2"),
    executed(KUBELET, "/usr/bin/kubelet"),
    executed(RUNC, "/x86_64-bottlerocket-linux-gnu/sys-root/usr/bin/runc"),
    executed(STARTING, "/usr/bin/runc", container=FALCO_ID),
    executed(ATTACKER, "/usr/bin/bash"),
    executed(INSIDE, "/bin/sh", container=FALCO_ID),
    executed(IMPOSTOR, "/fluent-bit/bin/fluent-bit", container=OTHER_ID),
    *(
        capture.container(identity, {"io.kubernetes.pod.namespace": namespace, "io.kubernetes.pod.name": "pod"})
        for identity, namespace in ((FALCO_ID, "falco"), (SHIPPER_ID, "falco"), (OTHER_ID, "shop"))
    ),
]

STATE = "/var/lib/falco-firelens/fluent-bit"
LOG = "/var/log/pods/falco_falco-7x2kq_4f1c/falco/0.log"
AT_CWD = number(-100)

pytestmark = [
    pytest.mark.pipeline,
    pytest.mark.skipif(not falco_program, reason="falco is not on PATH: https://falco.org/docs/setup/packages/"),
    complete,
]


def opened(thread: int, path: str, flags: int = capture.WRITE_ONLY, result: int = 5) -> Seen:
    parameters = (number(result), AT_CWD, text(path), short(flags), short(0), short(0), number(0))
    return Seen(thread, capture.OPENAT, parameters)


def deleted(thread: int, path: str, result: int = 0) -> Seen:
    return Seen(thread, capture.UNLINKAT, (number(result), AT_CWD, text(path), short(0)))


def moved(thread: int, source: str, target: str) -> Seen:
    return Seen(thread, capture.RENAME, (number(0), text(source), text(target)))


def signalled(thread: int, pid: int, signal: int = 9) -> Seen:
    return Seen(thread, capture.KILL, (number(0), number(pid), bytes([signal])))


def thread_signalled(thread: int, pid: int, signal: int = 19) -> Seen:
    return Seen(thread, capture.TGKILL, (number(0), number(pid), number(pid), bytes([signal])))


def handled(thread: int, pid: int) -> Seen:
    return Seen(thread, capture.PIDFD_OPEN, (number(3), number(pid), short(0)))


def traced(thread: int, pid: int) -> Seen:
    nothing = b"\0" + number(0)
    request = bytes([capture.PTRACE_ATTACH, 0])
    return Seen(thread, capture.PTRACE, (number(0), nothing, nothing, request, number(pid)))


def overwritten(thread: int, pid: int) -> Seen:
    return Seen(thread, capture.WRITEV, (number(4), number(pid), b"evil"))


def ended(thread: int, signal: int) -> Seen:
    return Seen(thread, capture.PROCEXIT, (number(signal), number(0), bytes([signal]), b"\0", number(0)))


ATTACKS: dict[str, tuple[Seen, str]] = {
    "forgets what was read": (opened(ATTACKER, f"{STATE}/tail.db", capture.WRITE_ONLY | capture.TRUNCATE), FILES),
    "writes into unsent events": (opened(ATTACKER, f"{STATE}/chunks/tail.0/1-1.flb"), FILES),
    "writes an event of Falco's": (opened(ATTACKER, LOG), FILES),
    "by way of a mount of the node": (opened(ATTACKER, f"/host{LOG}"), FILES),
    "deletes unsent events": (deleted(ATTACKER, f"{STATE}/chunks/tail.0/1-1.flb"), FILES),
    "moves the state away": (moved(ATTACKER, STATE, "/tmp/x"), FILES),
    "moves a file of its own there": (moved(ATTACKER, "/tmp/x", LOG), FILES),
    "deletes the log": (deleted(ATTACKER, LOG), FILES),
    "as Fluent Bit in another namespace": (opened(IMPOSTOR, f"{STATE}/tail.db"), FILES),
    "ends Falco": (signalled(ATTACKER, FALCO, 15), SIGNALLED),
    "kills Fluent Bit": (signalled(ATTACKER, SHIPPER), SIGNALLED),
    "stops a thread of Fluent Bit": (thread_signalled(ATTACKER, SHIPPER), SIGNALLED),
    "from inside": (signalled(INSIDE, 1, 15), SIGNALLED),
    "traces Falco": (traced(ATTACKER, FALCO), TRACED),
    "writes into Fluent Bit's memory": (overwritten(ATTACKER, SHIPPER), TRACED),
    "as the runtime": (traced(RUNC, FALCO), TRACED),
    "kills it, whoever it was": (ended(SHIPPER, 9), KILLED),
    "lets it crash": (ended(SHIPPER, 11), KILLED),
}

DAILY: dict[str, Seen] = {
    "Fluent Bit keeps its state": opened(SHIPPER, f"{STATE}/tail.db"),
    "Fluent Bit deletes what is sent": deleted(SHIPPER, f"{STATE}/chunks/tail.0/1-1.flb"),
    "the runtime opens the log": opened(SHIM, LOG),
    "the kubelet rotates it": moved(KUBELET, LOG, f"{LOG}.20261124-101112"),
    "the kubelet deletes it": deleted(KUBELET, f"{LOG}.20261124-101112.gz"),
    "somebody reads it": opened(ATTACKER, LOG, capture.READ_ONLY),
    "somebody may not": opened(ATTACKER, LOG, result=-13),
    "somebody may not delete it": deleted(ATTACKER, LOG, result=-13),
    "another's log": opened(ATTACKER, "/var/log/pods/shop_web-0_1/web/0.log"),
    "the runtime stops it": signalled(RUNC, FALCO, 15),
    "Falco's own threads": thread_signalled(FALCO, FALCO, 23),
    "the runtime's own threads, before Falco starts": thread_signalled(STARTING, STARTING, 23),
    "a monitoring agent in Go looks at all processes": handled(ATTACKER, FALCO),
    "somebody asks whether it lives": signalled(ATTACKER, FALCO, 0),
    "another's process": signalled(ATTACKER, KUBELET),
    "Fluent Bit ends": ended(SHIPPER, 0),
    "another's Fluent Bit is killed": ended(IMPOSTOR, 9),
}


def told(folder: Path, events: Sequence[Seen], options: FalcoOptions | None = None) -> list[tuple[str, str]]:
    """Rule and priority of what Falco reports, with the sensor's rules, and Falco's own between them."""
    options = options or FalcoOptions()
    file = folder / "node.scap"
    capture.write_events(file, [*NODE, *events])
    settings = falco.settings(options, ClusterIdentity("shop", "eks", "123456789012", "eu-west-1"), str(folder))
    settings["engine"] = {"kind": "replay", "replay": {"capture_file": str(file)}}
    settings["metrics"] = settings["webserver"] = {"enabled": False}
    for name, content in {**falco.rules(options), falco.SETTINGS_FILE: falco.to_yaml(settings)}.items():
        (folder / name).write_text(content)
    result = run("-c", folder / falco.SETTINGS_FILE)
    assert result.returncode == 0, result.stderr
    found = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    return [(event["rule"], event["priority"]) for event in found]


def test_each_attack_is_told_of_with_the_priority_that_alarms_ring_for(tmp_path: Path) -> None:
    for name, (event, rule) in ATTACKS.items():
        assert told(tmp_path, [event]) == [(rule, "Critical")], name


def test_nothing_is_said_of_every_day(tmp_path: Path) -> None:
    assert told(tmp_path, list(DAILY.values())) == []


@pytest.mark.parametrize("minimum", ["Emergency", "Alert", "Debug"])
def test_no_minimum_priority_silences_it(minimum: str, tmp_path: Path) -> None:
    options = FalcoOptions(minimum_priority=minimum)
    priority = "Critical" if minimum == "Debug" else minimum
    assert told(tmp_path, [opened(ATTACKER, LOG)], options) == [(FILES, priority)]
