"""Where programs are kept, for all clones of this project."""

import fcntl
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from falco_firelens import contract
from localcloud.console import say


def cache() -> Path:
    """Return the folder of all programs."""
    return contract.cache() / "toolchain"


@contextmanager
def locked(folder: Path, doing: str) -> Generator[None]:
    """Let one process at a time fill a folder; `doing` says what another one does, as in "building etcd"."""
    cache().mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another process is {doing}: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
