"""A case while it is worked on, and its answer."""

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from falco_firelens.responder.grouping import Case
from falco_firelens.responder.outcome import Outcome
from falco_firelens.responder.targets import Target

if TYPE_CHECKING:
    from falco_firelens.responder.ledger import Admission, Counter


@dataclass(frozen=True)
class Answer:
    """A case and the outcome of each of its actions."""

    case: Case
    outcomes: tuple[Outcome, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        """The actions to try again."""
        return tuple(outcome.action for outcome in self.outcomes if outcome.unfinished)


@dataclass
class Seen:
    """What the actions of a case have looked up in this invocation. `pod` is as the first of them saw it.

    `answers` are those of the guard, by its questions: why something is protected, or nothing.
    """

    pod: Any = None
    answers: dict[str, str] = field(default_factory=dict[str, str])


Unit = tuple["Counter", Target]
"""What a rate limit counts."""


@dataclass
class Work:
    """A case, the outcomes so far, and what it was counted for; `used` are the units to which something was done.

    `broken` says why nothing more can be done for it now, not even a report. `began` decides which period of the rate
    limit counts it.
    """

    case: Case
    done: list[Outcome] = field(default_factory=list[Outcome])
    reports: list[Outcome] = field(default_factory=list[Outcome])
    seen: Seen = field(default_factory=Seen)
    admitted: dict[Unit, "Admission"] = field(default_factory=dict[Unit, "Admission"])
    used: set[Unit] = field(default_factory=set[Unit])
    broken: str = ""
    began: float = field(default_factory=time.time)

    @property
    def answer(self) -> Answer:
        """The case with all outcomes."""
        return Answer(self.case, (*self.done, *self.reports))

    @property
    def acted(self) -> bool:
        """Whether something was done for this case, or earlier to its own pod or task: so a rate limit bounds them.

        What was done earlier to its node is no sign of that, since any number of cases may name one node.
        """
        acted, own = ("done", "restored", "would do"), str(self.case.subject)
        return bool(self.used) or any(one.target == own and (one.state in acted or one.undo) for one in self.done)

    @property
    def states(self) -> set[str]:
        """The states of its outcomes so far."""
        return {one.state for one in self.done}

    @property
    def key(self) -> str:
        """What its report says, as far as a change of it is worth another report."""
        return "+".join(f"{one.action}={one.state}" for one in self.done if one.state != "unchanged")
