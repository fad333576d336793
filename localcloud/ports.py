"""Gives every server a port of its own, also when several clouds and tests of this user choose at the same time.

To bind port 0 and pass the number to a server would leave a moment in which another process gets the same one.
"""

import fcntl
import json
import random
import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from falco_firelens import contract
from localcloud.errors import LocalCloudError

RANGE = range(20000, 32000)
"""Below the ports that systems hand to outgoing connections, so that a port stays free while its server is away."""


def reserve(count: int, owner: Path) -> list[int]:
    """Ports of 127.0.0.1 that nothing listens on and nobody else has reserved, until `owner` is deleted.

    Raises:
        LocalCloudError: there are not so many.
    """
    with _reserved() as reserved:
        ports: list[int] = []
        for port in random.sample(RANGE, len(RANGE)):
            if str(port) not in reserved and _is_free(port):
                ports.append(port)
            if len(ports) == count:
                reserved |= dict.fromkeys(map(str, ports), str(owner.resolve()))
                return ports
    raise LocalCloudError(f"found no {count} free ports between {RANGE.start} and {RANGE.stop}")


def release(owner: Path) -> None:
    """Give back all ports of an owner that stays."""
    with _reserved() as reserved:
        for port in [port for port, other in reserved.items() if other == str(owner.resolve())]:
            del reserved[port]


@contextmanager
def _reserved() -> Generator[dict[str, str]]:
    """Owners by port, for one process at a time; those that are gone are left out, and changes are kept."""
    file = contract.cache() / "ports.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
        kept = {port: owner for port, owner in known.items() if Path(owner).exists()}
        yield kept
        temporary = file.with_suffix(".tmp")
        temporary.write_text(json.dumps(kept, indent=2) + "\n")
        temporary.replace(file)


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
