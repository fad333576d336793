"""Which playbook answers, and what is said about it."""

import dataclasses
from typing import Any

import pytest

from falco_firelens.contract import PRIORITIES
from falco_firelens.responder.commands.explain import explain
from falco_firelens.responder.playbooks import Reason, choose, judge, labels_in
from tests.unit.responder.events import configuration, event, playbook


def answers(match: dict[str, object], **changes: object) -> bool:
    plan = configuration(playbook(match=match))
    labels = changes.pop("labels", None)
    return choose(event(**changes), plan.playbooks, lambda: labels) is not None  # pyright: ignore[reportArgumentType]


def judged(match: dict[str, Any], labels: Any = None, **has: Any) -> list[Reason]:
    """What is said of an event with such a text, which need not be one that the function would take."""
    taken = event()
    fields = {**taken.fields, **has.pop("fields", {})}
    changed = dataclasses.replace(taken, fields=fields, **has)
    (one,) = configuration(playbook(match=match)).playbooks
    return [*judge(changed, one, lambda: labels).reasons]


@pytest.mark.parametrize(
    ("match", "met"),
    [
        ({}, True),
        ({"rules": ["Terminal shell in container"]}, True),
        ({"rules": ["Terminal*"]}, True),
        ({"rules": ["terminal*"]}, False),
        ({"rules": ["Terminal"]}, False),
        ({"rules": ["Drop and execute*", "Terminal shell in container"]}, True),
        ({"tags": ["shell"]}, True),
        ({"tags": ["network", "shell"]}, True),
        ({"tags": ["network"]}, False),
        ({"tags": ["she*"]}, True),
        ({"tags": ["*"]}, True),
        ({"tags": ["network*", "?hell"]}, True),
        ({"tags": ["she"]}, False),
        ({"tags": ["SHE*"]}, False),
        ({"tags": ["[s]hell"]}, False),
        ({"clusters": ["eks"]}, True),
        ({"clusters": ["own"]}, False),
        ({"namespaces": ["sho?"]}, True),
        ({"namespaces": ["bank"]}, False),
        ({"images": ["docker.io/library/nginx"]}, True),
        ({"images": ["docker.io/library/nginx:1.27"]}, True),
        ({"images": ["docker.io/library/nginx:1.26"]}, False),
        ({"images": ["docker.io/*"]}, True),
        ({"rules": ["Terminal*"], "namespaces": ["bank"]}, False),
    ],
)
def test_a_playbook_answers_when_every_criterion_is_met(match: dict[str, object], met: bool) -> None:
    assert answers(match) is met


@pytest.mark.parametrize("least", PRIORITIES)
def test_the_minimum_priority_takes_itself_and_graver_ones(least: str) -> None:
    taken = [priority for priority in PRIORITIES if answers({"minimum_priority": least}, priority=priority)]
    assert taken == list(PRIORITIES[: PRIORITIES.index(least) + 1])


@pytest.mark.parametrize("name", ["[PCI] Shell (in a container)", "a.b+c|d", "a\\b", "x\ny", "Schlüssel gelesen", "^$"])
@pytest.mark.parametrize("criterion", ["rules", "tags", "namespaces", "images", "clusters", "labels"])
def test_a_text_is_its_own_pattern_and_only_two_characters_stand_for_others(criterion: str, name: str) -> None:
    has: dict[str, dict[str, Any]] = {
        "rules": {"rule": name},
        "tags": {"tags": ["x", name]},
        "namespaces": {"fields": {"k8s.ns.name": name}},
        "images": {"fields": {"container.image.repository": name}},
        "clusters": {"cluster": name},
        "labels": {"labels": {"app": name}},
    }

    def met(pattern: str) -> bool:
        reasons = judged({criterion: {"app": pattern} if criterion == "labels" else [pattern]}, **has[criterion])
        return all(reason.met for reason in reasons)

    assert met(name) and met("*") and met(f"{name[:2]}*") and met(f"?{name[1:]}")
    assert not met(f"{name}x") and not met(name[:-1]) and not met(f"?{name}") and not met("[!z]*")


def test_an_event_without_a_namespace_is_in_none() -> None:
    assert not answers({"namespaces": ["*"]}, pod=None, fields={"k8s.ns.name": None})


def test_labels_are_all_of_them_from_the_event_or_else_from_the_cluster() -> None:
    wanted = {"labels": {"app": "web", "tier": "front"}}
    assert answers(wanted, labels={"app": "web", "tier": "front", "x": "y"})
    assert not answers(wanted, labels={"app": "web"})
    assert not answers(wanted, labels=None)
    assert answers(wanted, fields={"k8s.pod.labels": "app:web, tier:front"})
    assert labels_in(event(fields={"k8s.pod.labels": "{app:web, no}"})) == {"app": "web"}


def test_the_cluster_is_asked_for_labels_only_where_all_else_is_met() -> None:
    plan = configuration(playbook(match={"rules": ["other"], "labels": {"app": "web"}}))

    def ask() -> None:
        raise AssertionError

    assert choose(event(), plan.playbooks, ask) is None


def test_the_first_playbook_that_is_met_answers() -> None:
    plan = configuration(playbook("no", match={"rules": ["x"]}), playbook("first"), playbook("second"))
    found = choose(event(), plan.playbooks, dict)
    assert found is not None and found.name == "first"


def test_explain_says_what_and_why() -> None:
    plan = configuration(
        playbook("bank", match={"namespaces": ["bank"]}),
        playbook("shells", ["notify", "isolate", "evidence", "stopTask"], match={"rules": ["Terminal*"]}),
    )
    said = "\n".join(explain(event(), plan))
    assert "playbook bank: not for this event" in said
    assert "no  namespace: shop, wanted bank" in said
    assert "playbook shells: answers" in said
    assert "yes rule: Terminal shell in container" in said
    assert said.index("isolate pod eks/shop/web-0") < said.index("keep evidence of pod eks/shop/web-0")
    assert "stopTask: nothing, the event names no target" in said


def test_explain_names_what_is_protected_and_what_is_a_dry_run() -> None:
    protected = "\n".join(explain(event(), configuration(playbook(), namespaces=["sh*"])))
    assert "it would only notify: namespace shop is protected by the settings (sh*)" in protected
    assert "dry run" in "\n".join(explain(event(), configuration(playbook(dry_run=True))))
    assert list(explain(event(), configuration(playbook(match={"rules": ["x"]}))))[-1] == (
        "no playbook answers this event"
    )


def test_explain_does_not_guess_what_the_cluster_would_be_asked_for() -> None:
    plan = configuration(playbook("by-label", match={"labels": {"app": "web"}}), playbook("others"))
    said = list(explain(event(), plan))
    assert said[-1].startswith("playbook by-label: unknown: ") and "--context CONTEXT" in said[-1]
    assert "playbook by-label: answers" in list(explain(event(), plan, lambda: {"app": "web"}))
    assert "playbook others: answers" in list(explain(event(), plan, lambda: {"app": "db"}))
    assert "  no  labels: no such pod, wanted app=web" in list(explain(event(), plan, lambda: None))
    assert "playbook by-label: answers" in list(explain(event(fields={"k8s.pod.labels": "app:web"}), plan))
