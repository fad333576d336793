"""The outcome of an action, in a form that is stored, reported and counted."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

from falco_firelens.responder.targets import Target

State = Literal[
    "done", "restored", "would do", "unchanged", "protected", "held back", "failed", "in progress", "nothing to do"
]
"""`restored` is what was done, undone by somebody, and done again."""


RUNNING = "another invocation is already running this action"


class FailedError(Exception):
    """An action that failed and may be tried again; says why."""


class BusyError(FailedError):
    """Another invocation is running the action, or was when it died."""


@dataclass(frozen=True)
class Done:
    """What an action did. `undo` is what its undo command is given, `changed` is False where nothing was left to do."""

    detail: str
    undo: str = ""
    changed: bool = True


UNDO = "uvx falco-firelens undo"
"""Who is on call may have neither a clone nor an installed program: uv fetches the released one for a single run.
https://docs.astral.sh/uv/guides/tools/"""


@dataclass(frozen=True)
class Outcome:
    """One action of a case. `undo` are commands; `repeated` says that it ran earlier, for another event or delivery."""

    action: str
    target: str
    state: State
    detail: str
    undo: tuple[str, ...] = ()
    repeated: bool = False

    @property
    def unfinished(self) -> bool:
        """Whether to try it again."""
        return self.state in ("failed", "in progress")

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {**asdict(self), "undo": list(self.undo)}

    @classmethod
    def of(cls, document: dict[str, Any], *, repeated: bool) -> Self:
        """Read it from stored JSON."""
        stored: dict[str, Any] = {**document, "undo": tuple(document["undo"]), "repeated": repeated}
        return cls(**stored)

    @classmethod
    def from_done(cls, action: str, target: Target, done: Done) -> Self:
        """Make it of what an action did."""
        undo = (f"{UNDO} {action} {done.undo}",) if done.undo else ()
        return cls(action, str(target), "done" if done.changed else "unchanged", done.detail, undo)


MOST_TEXT = 500
"""Characters of an error that are kept."""


def words(error: Exception) -> str:
    """Return an error as an outcome says it."""
    return f"{type(error).__name__}: {error}"[:MOST_TEXT]
