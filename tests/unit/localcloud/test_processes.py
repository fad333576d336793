import json
import shutil
import signal
import subprocess
import sys

import psutil
import pytest

from localcloud import processes as module
from localcloud.errors import LocalCloudError
from localcloud.processes import Processes
from tests.waiting import PATIENCE, ended, wait_for

SLEEP = [sys.executable, "-c", "import signal; signal.pause()"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()",
]


@pytest.fixture
def processes(tmp_path):
    processes = Processes(tmp_path / "processes", tmp_path / "log")
    yield processes
    processes.stop([process.name for process in processes.running()])


def test_a_started_process_is_found_until_it_is_stopped(processes):
    processes.start("sleeper", SLEEP)
    found = processes.find("sleeper")

    assert [process.name for process in processes.running()] == ["sleeper"]
    assert found.memory > 0

    processes.stop(["sleeper"])

    assert processes.find("sleeper") is None
    assert processes.running() == []
    assert not psutil.pid_exists(found.pid) or psutil.Process(found.pid).status() == psutil.STATUS_ZOMBIE


def test_a_process_is_in_a_session_of_its_own_so_that_it_outlives_the_terminal(processes):
    processes.start("sleeper", SLEEP)
    pid = processes.find("sleeper").pid

    assert subprocess.check_output(["ps", "-o", "sid=", "-p", str(pid)], text=True).strip() == str(pid)


def test_another_process_with_the_recorded_pid_is_neither_found_nor_stopped(processes, tmp_path):
    with subprocess.Popen(SLEEP) as stranger:
        record = {"pid": stranger.pid, "started": psutil.Process(stranger.pid).create_time() - 60}
        (tmp_path / "processes").mkdir()
        (tmp_path / "processes" / "sleeper.json").write_text(json.dumps(record))

        assert processes.find("sleeper") is None
        processes.stop(["sleeper"])
        assert stranger.poll() is None

        stranger.kill()


def test_a_process_that_does_not_listen_is_killed(processes, monkeypatch):
    monkeypatch.setattr(module, "STOP_TIMEOUT", 0.5)
    processes.start("deaf", STUBBORN)
    processes.wait("deaf", lambda: "deaf" in processes.log("deaf").read_text(), PATIENCE)

    deaf = processes.find("deaf").pid
    processes.stop(["deaf"])

    wait_for(lambda: ended(deaf), "the end of a process that was killed")


def test_a_process_that_ends_while_it_starts_is_told_with_the_end_of_its_log(processes):
    processes.start("broken", [sys.executable, "-c", "raise SystemExit('the port is taken')"])

    with pytest.raises(LocalCloudError, match=r"broken ended while it was starting; .*log:\n    the port is taken"):
        processes.wait("broken", lambda: False, PATIENCE)


def test_a_process_that_is_not_ready_in_time_is_told(processes):
    processes.start("sleeper", SLEEP)

    with pytest.raises(LocalCloudError, match="sleeper was not ready after 0 s"):
        processes.wait("sleeper", lambda: False, 0.2)


def test_what_runs_from_a_folder_is_stopped_and_nothing_else(processes, tmp_path):
    for name in ("ours", "others"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "plugin").symlink_to(shutil.which("sleep"))
        (tmp_path / name / "script").write_text("import signal\nsignal.pause()\n")
    commands = {
        (name, kind): subprocess.Popen(command)
        for name in ("ours", "others")
        for kind, command in {
            "program": [tmp_path / name / "plugin", "600"],
            "script": [sys.executable, tmp_path / name / "script"],
        }.items()
    }
    try:
        processes.stop_programs(tmp_path / "ours")

        for kind in ("program", "script"):
            assert commands["ours", kind].wait(PATIENCE) == -signal.SIGTERM
            assert commands["others", kind].poll() is None
    finally:
        for process in commands.values():
            process.kill()
            process.wait()
