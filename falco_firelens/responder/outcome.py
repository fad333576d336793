"""What became of an action, in a form that is stored, told and counted."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

from falco_firelens.responder.targets import Target

State = Literal["done", "would do", "unchanged", "protected", "held back", "failed", "in progress", "nothing to do"]


class FailedError(Exception):
    """An action that did not succeed and may be tried again; says why."""


class BusyError(FailedError):
    """Another invocation is at it, or was when it died."""


@dataclass(frozen=True)
class Done:
    """An action that has been done. `undo` are commands, `changed` is False where all was so already."""

    detail: str
    undo: tuple[str, ...] = ()
    changed: bool = True


@dataclass(frozen=True)
class Outcome:
    """One action of a case. `repeated` says that it was done earlier, for another event or delivery."""

    action: str
    target: str
    state: State
    detail: str
    undo: tuple[str, ...] = ()
    repeated: bool = False

    @property
    def again(self) -> bool:
        """Whether it has to be tried again."""
        return self.state in ("failed", "in progress")

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "undo": list(self.undo)}

    @classmethod
    def of(cls, document: dict[str, Any], *, repeated: bool) -> Self:
        """Out of the JSON that was stored."""
        stored: dict[str, Any] = {**document, "undo": tuple(document["undo"]), "repeated": repeated}
        return cls(**stored)

    @classmethod
    def from_done(cls, action: str, target: Target, done: Done) -> Self:
        """Of an action that has been done."""
        return cls(action, str(target), "done" if done.changed else "unchanged", done.detail, done.undo)
