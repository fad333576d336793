"""What an action gets."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from falco_firelens.responder.clients import Clients
from falco_firelens.responder.configuration import Cluster, Configuration
from falco_firelens.responder.environment import Environment
from falco_firelens.responder.grouping import Case
from falco_firelens.responder.outcome import Outcome
from falco_firelens.responder.targets import Target
from falco_firelens.responder.work import Seen


@dataclass(frozen=True)
class Context:
    """One action of a case: what the playbook sets about it, and the outcomes of the actions before it.

    `run_part` runs a part of the action unless an earlier try did. `seconds_left` returns how long the invocation may
    go on before its reserve, which is for what has begun, and for the retry queue. `others` is how many cases of the
    delivery a report speaks for besides its own.
    """

    case: Case
    target: Target
    settings: Mapping[str, Any]
    configuration: Configuration
    clients: Clients
    environment: Environment
    outcomes: Sequence[Outcome] = field(default_factory=tuple[Outcome, ...])
    run_part: Callable[[str, Callable[[], None]], None] = lambda _, act: act()
    seconds_left: Callable[[], float] = lambda: math.inf
    seen: Seen = field(default_factory=Seen)
    others: int = 0

    @property
    def cluster(self) -> Cluster:
        """The target's cluster; `guards.check` has made sure that the stack has it."""
        return self.configuration.clusters[self.target.cluster]

    @property
    def kubernetes(self) -> Any:
        """A lightkube client of the target's cluster."""
        return self.clients.kubernetes(self.cluster)

    def aws(self, service: str) -> Any:
        """Return a boto3 client."""
        return self.clients.aws(service)
