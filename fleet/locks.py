"""Who holds a stack's lock, as the state backend says it, and whether that process is still there.

A backend of one's own (`file://`, `s3://`, …) names the processes in its refusal:
https://www.pulumi.com/docs/iac/concepts/state-and-backends/. Pulumi Cloud does not, and ends a dead one's lock itself.
"""

import re
import socket
from dataclasses import dataclass

from fleet.engine import alive

_HOLDER = re.compile(r"created by (?P<user>\S+)@(?P<host>\S+) \(pid (?P<pid>\d+)\) at (?P<since>\S+)")


@dataclass(frozen=True)
class Holder:
    """A process that holds a lock, or that held it when it was killed."""

    user: str
    host: str
    pid: int
    since: str

    @property
    def dead(self) -> bool:
        """Whether it ran on this machine and does not any more."""
        return self.host == socket.gethostname() and not alive(self.pid)

    def __str__(self) -> str:
        return f"process {self.pid} of {self.user} on {self.host} since {self.since}"


def holders(refusal: str) -> tuple[Holder, ...]:
    """The processes that a backend names."""
    found = _HOLDER.finditer(refusal)
    return tuple(Holder(one["user"], one["host"], int(one["pid"]), one["since"]) for one in found)
