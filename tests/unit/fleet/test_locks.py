"""A lock is a dead engine's only where that can be known; else it is somebody's."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from falco_firelens.fleet.locks import holders, written_down
from falco_firelens.fleet.processes import Process
from falco_firelens.fleet.workspace import OWNER_FILE, PREFIX, sweep

HOST = socket.gethostname()


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path


def refusal(pid: int, *, stack: str = "prod", host: str = HOST, seconds: float = 1) -> str:
    since = (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return (
        "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the "
        f"lock file with `pulumi cancel`.\n  s3://state/.pulumi/locks/organization/falco-firelens/{stack}/1a2b.json: "
        f"created by root@{host} (pid {pid}) at {since}"
    )


def dead(text: str) -> bool:
    (holder,) = holders(text)
    return holder.dead


@pytest.fixture
def killed() -> int:
    """The number of an engine of the stack `prod` that was killed."""
    engine = subprocess.Popen(["sleep", "60"])
    with suppress(KeyboardInterrupt), written_down(engine.pid, "organization/falco-firelens/prod"):
        engine.kill()
        engine.wait()
        raise KeyboardInterrupt
    return engine.pid


def test_a_killed_engine_of_ours_is_known_to_be_dead(killed: int) -> None:
    assert dead(refusal(killed))
    (holder,) = holders(refusal(killed))
    assert str(holder).startswith(f"process {killed} of root on {HOST} since 20")


def test_a_living_engine_of_ours_is_not() -> None:
    engine = subprocess.Popen(["sleep", "60"])
    try:
        with written_down(engine.pid, "prod"):
            assert not dead(refusal(engine.pid))
    finally:
        engine.kill()
        engine.wait()


def test_of_a_process_that_no_fleet_has_started_nothing_is_known() -> None:
    assert not dead(refusal(os.getpid()))
    assert not dead(refusal(4194304)), "it may be one of another container"


@pytest.mark.parametrize(
    "other", [{"stack": "test"}, {"host": "elsewhere"}, {"seconds": 3600}, {"seconds": -60}], ids=str
)
def test_a_lock_that_only_looks_like_that_of_a_killed_engine_is_another_s(
    killed: int, other: dict[str, object]
) -> None:
    assert not dead(refusal(killed, **other))  # pyright: ignore[reportArgumentType]


def test_an_engine_that_ended_by_itself_leaves_nothing(temporary: Path) -> None:
    with written_down(os.getpid(), "prod"):
        assert list(temporary.glob("**/*.json"))
    assert not list(temporary.glob("**/*.json"))


def test_a_number_that_another_process_has_got_does_not_keep_the_first_alive(killed: int) -> None:
    (file,) = Path(tempfile.gettempdir()).glob("**/*.json")
    file.write_text(file.read_text().replace(f'"pid": {killed}', f'"pid": {os.getpid()}'))
    assert dead(refusal(os.getpid()))


@pytest.mark.skipif(os.getuid() != 0 or not shutil.which("unshare"), reason="a PID namespace needs root")
def test_from_another_pid_namespace_nothing_is_known(killed: int) -> None:
    question = (
        "import sys, tempfile; tempfile.tempdir = sys.argv[1]\n"
        "from falco_firelens.fleet.locks import holders\n"
        "print(holders(sys.stdin.read())[0].dead)"
    )
    command = [sys.executable, "-c", question, tempfile.gettempdir()]
    inside = ["unshare", "-pf", "--mount-proc", *command]
    root = Path(__file__).parents[3]
    found = [
        subprocess.run(words, input=refusal(killed), capture_output=True, text=True, cwd=root).stdout.strip()
        for words in (command, inside)
    ]
    if found[1] == "":
        pytest.skip("no PID namespace can be made here")
    assert found == ["True", "False"]


@pytest.mark.parametrize(
    ("machine", "started", "stays"),
    [("", "", False), ("another boot", "", True), ("", "0", False), (None, None, True)],
    ids=["gone", "of another machine", "number of another process", "nobody's"],
)
def test_only_work_directories_of_processes_that_are_gone_are_removed(
    temporary: Path, machine: str | None, started: str, stays: bool
) -> None:
    folder = temporary / f"{PREFIX}x"
    folder.mkdir()
    here = Process.of(os.getpid())
    if machine is not None:
        Process(here.pid, machine or here.machine, started or "1").write(folder / OWNER_FILE)

    sweep()

    assert folder.exists() is stays


def test_a_work_directory_below_an_engine_that_may_work_stays(temporary: Path) -> None:
    folder = temporary / f"{PREFIX}x"
    folder.mkdir()
    here = Process.of(os.getpid())
    Process(here.pid, here.machine, "1").write(folder / OWNER_FILE)
    here.write(folder / "engine.pid")
    sweep()
    assert folder.exists()
    Process(here.pid, here.machine, "1").write(folder / "engine.pid")
    sweep()
    assert not folder.exists()
