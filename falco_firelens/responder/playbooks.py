"""Finds the playbook that answers an event, and says why: the first whose every criterion is met."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from falco_firelens.contract import PRIORITIES
from falco_firelens.responder.configuration import Match, Playbook
from falco_firelens.responder.event import Event
from falco_firelens.responder.patterns import matches, matches_any

Labels = Callable[[], Mapping[str, str] | None]
"""Returns the labels of an event's pod, when a playbook asks for them; None where there is no such pod.

Raises FailedError where they cannot be looked up now.
"""


@dataclass(frozen=True)
class Reason:
    """One criterion of a playbook, and what the event has."""

    criterion: str
    wanted: str
    found: str
    met: bool

    def __str__(self) -> str:
        return f"{self.criterion}: {self.found}{'' if self.met else f', wanted {self.wanted}'}"


@dataclass(frozen=True)
class Verdict:
    """How an event meets a playbook's criteria."""

    playbook: Playbook
    reasons: tuple[Reason, ...]

    @property
    def met(self) -> bool:
        """Whether the playbook is for the event."""
        return all(reason.met for reason in self.reasons)


def labels_in(event: Event) -> Mapping[str, str] | None:
    """Return the pod's labels if the rule outputs them: `k8s.pod.labels`, `name:value` pairs with commas between.

    https://falco.org/docs/reference/rules/supported-fields/#field-class-k8s
    """
    text = event.text("k8s.pod.labels")
    if not text:
        return None
    pairs = (pair.strip().partition(":") for pair in text.strip("{}").split(","))
    return {name.strip(): value.strip() for name, separator, value in pairs if separator}


def judge(event: Event, playbook: Playbook, labels: Labels) -> Verdict:
    """Compare an event with one playbook; labels are looked up only if all else is met."""
    reasons = list(_reasons(event, playbook.match))
    if playbook.match.labels and all(reason.met for reason in reasons):
        reasons.append(_labels(event, playbook.match.labels, labels))
    return Verdict(playbook, tuple(reasons))


def choose(event: Event, playbooks: Sequence[Playbook], labels: Labels) -> Playbook | None:
    """Return the first playbook, in the stack file's order, that is for the event."""
    return next((playbook for playbook in playbooks if judge(event, playbook, labels).met), None)


def _reasons(event: Event, match: Match) -> Iterator[Reason]:
    if match.rules:
        yield _like("rule", match.rules, event.rule)
    if match.tags:
        common = sorted(tag for tag in event.tags if matches_any(match.tags, tag))
        yield Reason("tags", _any_of(match.tags), ", ".join(common or sorted(event.tags)) or "none", bool(common))
    grave = PRIORITIES.index(event.priority) <= PRIORITIES.index(match.minimum_priority)
    yield Reason("priority", f"{match.minimum_priority} or higher", event.priority, grave)
    if match.clusters:
        yield Reason("cluster", _any_of(match.clusters), event.cluster, match.has_cluster(event.cluster))
    if match.namespaces:
        found = event.text("k8s.ns.name")
        yield _like("namespace", match.namespaces, found, "none" if event.on_host else "unknown")
    if match.images:
        yield _image(event, match.images)


def _image(event: Event, wanted: Sequence[str]) -> Reason:
    """Compare patterns with the whole image and with its repository."""
    repository = event.text("container.image.repository")
    whole = _like("image", wanted, event.image, "none" if event.on_host else "unknown")
    return whole if whole.met else Reason(whole.criterion, whole.wanted, whole.found, matches_any(wanted, repository))


def _labels(event: Event, wanted: Mapping[str, str], labels: Labels) -> Reason:
    found = labels_in(event)
    if found is None:
        found = labels()
    text = ", ".join(f"{name}={value}" for name, value in wanted.items())
    if found is None:
        return Reason("labels", text, "no such pod", met=False)
    has = ", ".join(f"{name}={found[name]}" for name in wanted if name in found) or "none of these"
    met = all(name in found and matches(value, found[name]) for name, value in wanted.items())
    return Reason("labels", text, has, met)


def _like(criterion: str, wanted: Sequence[str], found: str, missing: str = "none") -> Reason:
    return Reason(criterion, _any_of(wanted), found or missing, matches_any(wanted, found))


def _any_of(wanted: Sequence[str]) -> str:
    return " or ".join(wanted)
