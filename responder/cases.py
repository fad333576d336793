"""Sorts events into cases: one a playbook and subject, however many events there are of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from responder.configuration import Configuration, Playbook
from responder.event import Event
from responder.playbooks import choose
from responder.targets import Target, subject_of

SKEW_SECONDS = 300
"""How far a node's clock may be ahead of ours."""

LabelsOf = Callable[[Event], Mapping[str, str] | None]


@dataclass(frozen=True)
class Case:
    """A playbook and what it is for; `event` is the earliest of `count`. `actions` are those that are to be done."""

    playbook: Playbook
    subject: Target
    event: Event
    count: int
    actions: Sequence[str]


@dataclass(frozen=True)
class Sorted:
    """The cases of some events, and the events that are too old, or too far ahead, to be answered without a person."""

    cases: tuple[Case, ...]
    stale: tuple[Event, ...]


def sort(events: Iterable[Event], configuration: Configuration, labels_of: LabelsOf, now: float | None) -> Sorted:
    """Find the playbook of each event; `now` is in seconds since 1970, or None where age does not matter.

    An event is answered within the playbook's quiet time of its own time, and never later. A target is not acted upon
    again for at least as long after an act. So no event leads to a second act, whenever and however often it comes.
    """
    cases, stale = dict[tuple[str, Target], Case](), list[Event]()
    for event in events:
        playbook = choose(event, configuration.playbooks, lambda event=event: labels_of(event))
        if playbook is None:
            continue
        if now is not None and not -SKEW_SECONDS <= now - event.time / 1e9 <= playbook.quiet_minutes * 60:
            stale.append(event)
            continue
        subject = subject_of(event)
        known = cases.get((playbook.name, subject))
        case = Case(playbook, subject, event, 1, tuple(playbook.actions))
        cases[playbook.name, subject] = _joined(known, event) if known else case
    return Sorted(tuple(cases.values()), tuple(stale))


def _joined(case: Case, event: Event) -> Case:
    earliest = min(case.event, event, key=lambda one: (one.time, one.identity))
    return replace(case, event=earliest, count=case.count + 1)
