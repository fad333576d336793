"""Groups events into cases: one for each playbook and subject, however many events it has."""

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from falco_firelens.responder.configuration import Configuration, Match, Playbook
from falco_firelens.responder.event import Event
from falco_firelens.responder.outcome import FailedError, Outcome
from falco_firelens.responder.playbooks import choose
from falco_firelens.responder.targets import Target, subject_of

SKEW_SECONDS = 300
"""How far a node's clock may be ahead of the function's."""

LabelsOf = Callable[[Event], Mapping[str, str] | None]
"""Raises FailedError where the labels could not be looked up."""

DECIDE = "decide"

UNDECIDED = Playbook("(undecided)", Match(), {DECIDE: {}})
"""Stands for the playbook of an event while the labels that a playbook asks for cannot be looked up."""

Item = TypeVar("Item")


@dataclass(frozen=True)
class Case:
    """A playbook and what it answers; `event` is the earliest of `count`. `actions` are those that are still to run.

    `before` holds the outcomes of the actions that an earlier attempt completed.
    """

    playbook: Playbook
    subject: Target
    event: Event
    count: int
    actions: Sequence[str]
    before: Sequence[Outcome] = ()

    @property
    def decided(self) -> bool:
        """Whether its playbook is known."""
        return self.playbook != UNDECIDED


@dataclass(frozen=True)
class Grouped:
    """The cases of some events, and the events that are too old, or too far ahead, to answer without a person.

    `undecided` are cases of `UNDECIDED`, each with the reason.
    """

    cases: tuple[Case, ...]
    stale: tuple[Event, ...]
    undecided: tuple[tuple[Case, str], ...] = ()


def group(events: Iterable[Event], configuration: Configuration, labels_of: LabelsOf, now: float | None) -> Grouped:
    """Find the playbook of each event; `now` is in seconds since 1970, or None to answer events of any age.

    An event is answered within the playbook's quiet time of its own time, and never later. A target is not acted upon
    again for at least as long after an act. So no event leads to a second act, whenever and however often it comes.
    """
    cases, stale = dict[tuple[str, ...], Case](), list[Event]()
    reasons: dict[tuple[str, ...], str] = {}
    longest = max((playbook.quiet_minutes for playbook in configuration.playbooks), default=0)
    for event in events:
        subject, reason = subject_of(event), ""
        try:
            playbook = choose(event, configuration.playbooks, lambda event=event: labels_of(event))
        except FailedError as error:
            playbook, reason = replace(UNDECIDED, quiet_minutes=longest), str(error)
        if playbook is None:
            continue
        if now is not None and not -SKEW_SECONDS <= now - event.time / 1e9 <= playbook.quiet_minutes * 60:
            stale.append(event)
            continue
        # Playbooks can tell the events of an undecided case apart by rule and image.
        key = (playbook.name, subject.identity, *((event.rule, event.image) if reason else ()))
        known = cases.get(key)
        cases[key] = _joined(known, event) if known else Case(playbook, subject, event, 1, tuple(playbook.actions))
        if reason:
            reasons[key] = reason
    decided = tuple(case for key, case in cases.items() if key not in reasons)
    undecided = tuple((replace(cases[key], playbook=UNDECIDED), reason) for key, reason in reasons.items())
    return Grouped(decided, tuple(stale), undecided)


def fairly(items: Iterable[Item], cluster_of: Callable[[Item], str]) -> Iterator[Item]:
    """Yield the items, each time one of the cluster that has taken the least time so far.

    So a slow cluster takes none of the others' time; items of one cluster keep their order.
    """
    waiting, spent = defaultdict[str, deque[Item]](deque), dict[str, float]()
    for item in items:
        waiting[cluster_of(item)].append(item)
    while waiting:
        cluster = min(waiting, key=lambda one: spent.get(one, 0.0))
        item = waiting[cluster].popleft()
        if not waiting[cluster]:
            del waiting[cluster]
        began = time.monotonic()
        yield item
        spent[cluster] = spent.get(cluster, 0.0) + time.monotonic() - began


def _joined(case: Case, event: Event) -> Case:
    earliest = min(case.event, event, key=lambda one: (one.time, one.identity))
    return replace(case, event=earliest, count=case.count + 1)
