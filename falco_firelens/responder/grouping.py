"""Sorts events into cases: one a playbook and subject, however many events there are of it."""

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
"""How far a node's clock may be ahead of ours."""

LabelsOf = Callable[[Event], Mapping[str, str] | None]
"""Raises FailedError where the cluster could not be asked."""

DECIDE = "decide"

UNDECIDED = Playbook("(undecided)", Match(), {DECIDE: {}})
"""Stands for the playbook of an event until the labels that one asks for could be looked up."""

Item = TypeVar("Item")


@dataclass(frozen=True)
class Case:
    """A playbook and what it is for; `event` is the earliest of `count`. `actions` are those that are to be done.

    `before` is what became of the others when it was tried earlier.
    """

    playbook: Playbook
    subject: Target
    event: Event
    count: int
    actions: Sequence[str]
    before: Sequence[Outcome] = ()


@dataclass(frozen=True)
class Sorted:
    """The cases of some events, and the events that are too old, or too far ahead, to be answered without a person.

    `undecided` are cases of `UNDECIDED`, each with the reason.
    """

    cases: tuple[Case, ...]
    stale: tuple[Event, ...]
    undecided: tuple[tuple[Case, str], ...] = ()


def sort(events: Iterable[Event], configuration: Configuration, labels_of: LabelsOf, now: float | None) -> Sorted:
    """Find the playbook of each event; `now` is in seconds since 1970, or None where age does not matter.

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
        # The events of an undecided case are all that a playbook could tell apart.
        key = (playbook.name, subject.identity, *((event.rule, event.image) if reason else ()))
        known = cases.get(key)
        cases[key] = _joined(known, event) if known else Case(playbook, subject, event, 1, tuple(playbook.actions))
        if reason:
            reasons[key] = reason
    decided = tuple(case for key, case in cases.items() if key not in reasons)
    undecided = tuple((replace(cases[key], playbook=UNDECIDED), reason) for key, reason in reasons.items())
    return Sorted(decided, tuple(stale), undecided)


def fairly(items: Iterable[Item], cluster_of: Callable[[Item], str]) -> Iterator[Item]:
    """The items, next always one of the cluster that has cost the least time so far.

    So a cluster that answers slowly takes none of the others' time; items of one cluster keep their order.
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
