"""A local cloud: starts what does not run, stops everything, and says how to reach it."""

import fcntl
import os
import shutil
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Self

import psutil

from localcloud.console import Step, say
from localcloud.control_plane import CLUSTERS, ControlPlane
from localcloud.environment import install_stand_ins
from localcloud.errors import LocalCloudError
from localcloud.etcd import Etcd
from localcloud.layout import CHECKOUT, Layout, Ports
from localcloud.moto import Moto
from localcloud.processes import Processes
from localcloud.toolchain import Programs
from testbed import self_signed

HOME = CHECKOUT / ".local"
"""The state of the cloud that `make up` starts."""

SESSIONS = HOME / "sessions"
"""The states of the clouds of processes, such as of tests, by their pids."""


class LocalCloud:
    """All processes of one local cloud, with their state below `home`."""

    def __init__(self, home: Path = HOME) -> None:
        self.layout = Layout(home)
        self.processes = Processes(self.layout.processes, self.layout.log)

    @classmethod
    def for_session(cls) -> Self:
        """Return a cloud for one process, beside that of `make up`. Clouds of killed processes are removed."""
        SESSIONS.mkdir(parents=True, exist_ok=True)
        with (SESSIONS / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for folder in SESSIONS.iterdir():
                if folder.is_dir() and not psutil.pid_exists(int(folder.name)):
                    cls(folder).remove()
        return cls(SESSIONS / str(os.getpid()))

    def up(self, programs: Programs) -> None:
        """Start what does not run, and wait until all of it is ready.

        What AWS knows is in moto's memory. When moto has ended, as after a reboot, the rest of the state is of no use
        any more, and everything starts afresh.

        Raises:
            LocalCloudError: something did not start.
        """
        ports = self.layout.ports()
        if ports is None or not self._moto(ports).runs():
            if ports:
                say("moto has ended, and with it all that AWS knew: starting afresh")
            self.down()
            ports = self._create()
        programs.link(self.layout.bin)
        install_stand_ins(self.layout)
        etcd = Etcd(self.layout, self.processes, ports)
        planes = [ControlPlane(name, self.layout, self.processes, ports) for name in CLUSTERS]

        def start_kubernetes() -> None:
            etcd.start()
            _all_of(*(partial(plane.start, etcd.url) for plane in planes))

        try:
            with Step("starting moto, etcd and two Kubernetes control planes"):
                _all_of(self._moto(ports).start, start_kubernetes)
        except LocalCloudError as error:
            raise LocalCloudError(f"{error}\n`make down`, then `make up`, starts afresh on other ports.") from None

    def down(self) -> None:
        """Stop every process and remove the state; logs stay until the next start."""
        running = {process.name for process in self.processes.running()}
        servers = {name for name in running if name.endswith("-apiserver")}
        # An API server whose etcd is gone hangs on its way out, and the others log errors without the API server.
        self.processes.stop(sorted(running - servers - {Etcd.name}))
        self.processes.stop(sorted(servers))
        self.processes.stop([Etcd.name])
        self.processes.stop_programs(self.layout.bin)
        for folder in self.layout.volatile:
            shutil.rmtree(folder, ignore_errors=True)
        self.layout.forget_ports()

    def remove(self) -> None:
        """Stop every process and leave no file."""
        self.down()
        shutil.rmtree(self.layout.home)

    def addresses(self) -> dict[str, str]:
        """Where each server listens, by the name of its process."""
        ports = self.layout.ports()
        if ports is None:
            return {}
        planes = [ControlPlane(name, self.layout, self.processes, ports) for name in CLUSTERS]
        return {
            Moto.name: f"http://127.0.0.1:{ports.moto}, https://127.0.0.1:{ports.moto_tls}",
            Etcd.name: f"http://127.0.0.1:{ports.etcd}",
            **{plane.api_server: plane.url for plane in planes},
        }

    @contextmanager
    def lock(self) -> Generator[None]:
        """Keep a second command out while one changes this cloud.

        Raises:
            LocalCloudError: another one holds the lock.
        """
        self.layout.home.mkdir(parents=True, exist_ok=True)
        with (self.layout.home / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LocalCloudError(f"another command is working on {self.layout.home}: wait for it") from None
            yield

    def _create(self) -> Ports:
        shutil.rmtree(self.layout.log, ignore_errors=True)
        for folder in self.layout.volatile:
            folder.mkdir(parents=True, exist_ok=True)
        self_signed(self.layout.tls)
        self_signed(self.layout.tls, self.layout.etcd_client.stem)
        ports = self.layout.choose_ports()
        for name in CLUSTERS:
            ControlPlane(name, self.layout, self.processes, ports).create()
        return ports

    def _moto(self, ports: Ports) -> Moto:
        return Moto(self.layout, self.processes, ports)


def _all_of(*tasks: Callable[[], None]) -> None:
    """Do all at the same time.

    Raises:
        LocalCloudError: some failed; the message is that of each.
    """
    with ThreadPoolExecutor(len(tasks)) as pool:
        failures = [future.exception() for future in [pool.submit(task) for task in tasks]]
    expected = [failure for failure in failures if isinstance(failure, LocalCloudError)]
    for failure in failures:
        if failure and failure not in expected:
            raise failure
    if expected:
        raise LocalCloudError("\n".join(map(str, expected)))
