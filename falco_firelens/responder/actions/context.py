"""What an action is given."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from falco_firelens.responder.clients import Clients
from falco_firelens.responder.configuration import Cluster, Configuration
from falco_firelens.responder.environment import Places
from falco_firelens.responder.grouping import Case
from falco_firelens.responder.outcome import Outcome
from falco_firelens.responder.targets import Target


@dataclass(frozen=True)
class Context:
    """One action of a case. `settings` is what the playbook says about the action; `outcomes` is what went before.

    `once` does a part of the action unless an earlier try did it.
    """

    case: Case
    target: Target
    settings: Mapping[str, Any]
    configuration: Configuration
    clients: Clients
    places: Places
    outcomes: Sequence[Outcome] = field(default_factory=tuple[Outcome, ...])
    once: Callable[[str, Callable[[], None]], None] = lambda _, act: act()

    @property
    def cluster(self) -> Cluster:
        """The target's cluster; `guards.check` has seen to it that the stack has it."""
        return self.configuration.clusters[self.target.cluster]

    @property
    def kubernetes(self) -> Any:
        """A lightkube client of the target's cluster."""
        return self.clients.kubernetes(self.cluster)

    def aws(self, service: str) -> Any:
        """A boto3 client."""
        return self.clients.aws(service)
