"""Runs the real Falco as its container does: the sensor's settings and rules, its environment, its capabilities."""

import os
import subprocess
import urllib.request
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from falco_firelens.contract import Platform
from falco_firelens.sensor import falco
from falco_firelens.sensor.model import ClusterIdentity, FalcoOptions
from localcloud.ports import reserve
from testbed.fluent_bit import wait_until
from tests.pipeline.test_falco import falco_program
from tests.waiting import PATIENCE


@dataclass(frozen=True)
class Falco:
    """A Falco that has been started; `process` ends with it."""

    process: subprocess.Popen[bytes]
    directory: Path
    url: str

    @property
    def stdout(self) -> list[str]:
        """What it has printed."""
        return (self.directory / "stdout").read_text().splitlines()

    @property
    def stderr(self) -> list[str]:
        """What it has logged."""
        return (self.directory / "stderr").read_text().splitlines()

    @property
    def healthy(self) -> bool:
        """Whether it answers the health check."""
        try:
            with urllib.request.urlopen(self.url, timeout=PATIENCE) as response:
                return response.status == 200
        except OSError:
            return False

    def wait(self, until: Callable[[], bool]) -> bool:
        """Wait for something, or for its end; whether that has come."""
        wait_until(lambda: until() or self.process.poll() is not None, PATIENCE)
        return until()


@contextmanager
def running(
    directory: Path, platform: Platform, change: Callable[[dict[str, Any]], None], command: Sequence[str] = ()
) -> Generator[Falco]:
    """Start it with the sensor's settings for a platform, as `change` leaves them; `command` runs it.

    Not in a container: the node's files are where they always are, and no control group is Falco's own.
    """
    options, identity = FalcoOptions(), ClusterIdentity("shop", platform, "123456789012", "eu-west-1")
    container = falco.container(options, identity)
    settings = falco.settings(options, identity, str(directory))
    (port,) = reserve(1, directory)
    settings["webserver"].update(listen_port=port, listen_address="127.0.0.1")
    change(settings)
    for name, text in {**falco.rules(options), falco.SETTINGS_FILE: falco.to_yaml(settings)}.items():
        (directory / name).write_text(text)
    memory = directory / "memory.current"
    memory.write_text(str(100 * 2**20))
    places = {"HOST_ROOT": "", "FALCO_CGROUP_MEM_PATH": str(memory)}
    assert places.keys() == container.environment.keys()
    with (directory / "stdout").open("w") as out, (directory / "stderr").open("w") as err:
        process = subprocess.Popen(
            [*command, str(falco_program), "-c", str(directory / falco.SETTINGS_FILE)],
            stdout=out,
            stderr=err,
            env={**os.environ, **places},
        )
    try:
        yield Falco(
            process, directory, f"http://127.0.0.1:{settings['webserver']['listen_port']}{container.health.path}"
        )
    finally:
        process.kill()
        process.wait()
