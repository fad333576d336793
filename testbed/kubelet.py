"""A container's log files as containerd writes and the kubelet rotates them.

Format of a line: https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md.
"""

import datetime
import gzip
import io
from pathlib import Path

LINE_SIZE = 16 * 1024
"""containerd cuts longer lines (`max_container_log_line_size`) into parts marked P, the last one F."""


_POD_UID = "4f1c6d0e-0000-4000-8000-000000000001"
_CONTAINER_ID = "3ad7b26ded6d" * 5 + "beef"


class ContainerLog:
    """`pods/<namespace>_<pod>_<uid>/<container>/<restarts>.log`, and the link to it in `containers`."""

    def __init__(self, logs: Path, *, pod: str = "falco-7x2kq") -> None:
        """Falco's pod, named as a DaemonSet or the official chart names it; `logs` stands for the node's /var/log."""
        self.directory = logs / "pods" / f"falco_{pod}_{_POD_UID}" / "falco"
        self.directory.mkdir(parents=True, exist_ok=True)
        self._link = logs / "containers" / f"{pod}_falco_falco-{_CONTAINER_ID}.log"
        self._link.parent.mkdir(exist_ok=True)
        self._restarts = 0
        self._rotations = 0
        self._renamed = False
        self._current = self._open()

    def write(self, line: str, *, stream: str = "stdout") -> None:
        """One line of the container's output."""
        data = line.encode()
        parts = [data[start : start + LINE_SIZE] for start in range(0, len(data), LINE_SIZE)] or [b""]
        for number, part in enumerate(parts, 1):
            flag = "F" if number == len(parts) else "P"
            self._current.write(f"{_now()} {stream} {flag} ".encode() + part + b"\n")
        if self._renamed:
            self._reopen()

    def write_raw(self, data: bytes) -> None:
        """Bytes that no runtime would write: a damaged file."""
        self._current.write(data)

    def rotate(self) -> None:
        """Rotate as the kubelet does: compress the earlier log, rename the current one, and ask the runtime to reopen
        it.

        Until it does, the runtime goes on writing into the renamed file: here, for one more line.
        """
        for rotated in self.directory.glob("*.log.*[0-9]"):
            with gzip.open(f"{rotated}.gz", "wb") as packed:
                packed.write(rotated.read_bytes())
            rotated.unlink()
        self._rotations += 1
        stamp = f"{datetime.datetime.now(datetime.UTC):%Y%m%d-%H%M%S}-{self._rotations}"
        path = self._path()
        path.rename(path.with_name(f"{path.name}.{stamp}"))
        self._renamed = True

    def restart(self) -> None:
        """End the container; another instance writes the next file."""
        self._restarts += 1
        self._reopen()

    def reopen(self) -> None:
        """Reopen the log, as the kubelet has asked."""
        self._reopen()

    def close(self) -> None:
        """Nothing more will be written."""
        self._current.close()

    def _reopen(self) -> None:
        self._current.close()
        self._current = self._open()
        self._renamed = False

    def _path(self) -> Path:
        return self.directory / f"{self._restarts}.log"

    def _open(self) -> io.FileIO:
        current = io.FileIO(self._path(), "a")
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(self._path())
        return current


def _now() -> str:
    now = datetime.datetime.now(datetime.UTC)
    return f"{now:%Y-%m-%dT%H:%M:%S.%f}000Z"
