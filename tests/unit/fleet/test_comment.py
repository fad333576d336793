"""A pull request's comment: what comes first, that values stay values, and that it fits."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from pulumi.automation.events import EngineEvent

from falco_firelens.fleet import Change, EngineFailed, PolicyFinding, PolicyViolated, Result, Status
from falco_firelens.fleet.comment import LIMIT, MARKER, comment
from falco_firelens.fleet.comment.markdown import code, fence
from falco_firelens.fleet.comment.permissions import permission_changes
from falco_firelens.fleet.comment.values import diff
from falco_firelens.fleet.recorder import Recorder, Redactor
from falco_firelens.fleet.results import UNKNOWN
from falco_firelens.policy.kinds import HOLDS_EVENTS, NOUNS

RECORDED = Path(__file__).parent / "recorded_preview.json"
LOG_GROUP, ALARM = "aws:cloudwatch/logGroup:LogGroup", "aws:cloudwatch/metricAlarm:MetricAlarm"
POLICY = "aws:iam/rolePolicy:RolePolicy"


def change(op: str, kind: str = ALARM, name: str = "one", **keys: Any) -> Change:
    return Change(op, f"urn:pulumi:s::p::{kind}::{name}", kind, **keys)


def result(*changes: Change, stack: str = "prod", **keys: Any) -> Result:
    return Result(stack, "preview", keys.pop("status", Status.SUCCEEDED), changes, **keys)


def recorded() -> Result:
    """What a real engine said of a stack whose log group gets another name and whose priority rises."""
    recorder = Recorder("prod", "preview", Redactor(()), lambda _: None, planning=True)
    for event in json.loads(RECORDED.read_text()):
        recorder(EngineEvent.from_json(event))
    return result(*recorder.changes)


def updated(before: dict[str, Any], after: dict[str, Any], *paths: str) -> list[str]:
    return diff(change("update", properties=dict.fromkeys(paths, "update"), old=before, new=after))


def statement(**keys: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "arn:a", **keys}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


# What comes first


def test_a_recorded_preview_says_first_that_the_log_group_is_replaced_and_why() -> None:
    lines = comment([recorded()]).splitlines()

    assert lines[0] == MARKER
    assert lines[2] == "## Preview: 1 of 1 stacks would change (2 to update, 2 to replace)"
    assert lines[5] == "> - **log group replaced**: `events` of `prod`, because of `name`"


def test_a_recorded_preview_shows_files_within_properties_line_by_line() -> None:
    text = comment([recorded()])

    assert "-         priority: notice\n+         priority: critical" in text
    assert "- name: /falco/events\n+ name: /falco/other  # replaces the resource" in text


def test_a_violated_policy_is_in_the_first_lines_before_what_it_is_about() -> None:
    finding = PolicyFinding("events-are-kept", True, "the log group would be replaced", "urn::events")
    lost = change("replace", LOG_GROUP, "events")
    forbidden = result(
        lost, stack="b", status=Status.FAILED, findings=[finding], error=PolicyViolated("events-are-kept")
    )

    lines = comment([result(change("update"), stack="a"), forbidden]).splitlines()

    assert lines[5].startswith("> - **forbidden by policy** `events-are-kept`: `events` of `b`: `the log group would")
    assert lines[6] == "> - **log group replaced**: `events` of `b`"
    assert lines[10].startswith("| `b` |"), "the forbidden stack is the first row"


def test_what_a_policy_only_warns_of_is_in_the_first_lines_too_after_what_is_forbidden() -> None:
    finding = PolicyFinding("imdsv2", False, "metadataOptions: found nothing", "urn::nodes")
    warned = result(change("update"), stack="a", findings=[finding])
    forbidden = result(stack="b", status=Status.FAILED, findings=[PolicyFinding("encryption", True, "m", "urn::e")])

    lines = comment([warned, forbidden]).splitlines()

    assert lines[4:6] == ["> [!CAUTION]", "> - **forbidden by policy** `encryption`: `e` of `b`: `m`"]
    assert lines[7:9] == [
        "> [!WARNING]",
        "> - policy `imdsv2` warns: `nodes` of `a`: `metadataOptions: found nothing`",
    ]


def test_stacks_that_do_not_change_take_a_number_and_no_row() -> None:
    text = comment([result(stack="same"), result(change("create"), stack="new", new=True)], unchanged_elsewhere=98)

    assert "`same`" not in text
    assert "1 previewed stack would not change." in text
    assert "98 stacks were not previewed" in text
    assert "| `new` | 1 |  |  |  | new |" in text


def test_the_order_in_which_the_engine_came_to_resources_is_not_seen() -> None:
    preview = recorded()
    policy = [PolicyFinding("events-kept", mandatory=True, message=f"no {name}", urn=f"urn::{name}") for name in "ab"]
    allowed = [
        change("update", POLICY, name, properties={"policy": "update"}, old={"policy": document()}, new={"policy": new})
        for name, new in (("x", document(statement())), ("y", document(statement(Action="s3:GetObject"))))
    ]
    changes = [*preview.changes, *allowed]
    one = result(*changes, findings=policy)
    other = result(*reversed(changes), findings=policy[::-1])
    assert comment([one]) == comment([other])


def test_of_many_resources_the_log_group_is_named_first() -> None:
    tagless = [change("create", kind, name) for kind, name in ((ALARM, "a"), (LOG_GROUP, "z"), (POLICY, "b"))]
    policy = [PolicyFinding("required-tags", mandatory=True, message="none", urn=one.urn) for one in tagless]
    lines = comment([result(*tagless, findings=policy)]).splitlines()
    assert [line.split(": `")[1][0] for line in lines if "required-tags" in line] == ["z", "a", "b"]


def test_a_failure_is_told_with_its_message() -> None:
    text = comment([result(status=Status.FAILED, error=EngineFailed("no such VPC"))])

    assert "### Failed\n\n`prod` failed:\n\n```\nno such VPC\n```" in text


# Properties


@pytest.mark.parametrize(
    ("before", "after", "path", "expected"),
    [
        ({"days": 30}, {"days": 60}, "days", ["- days: 30", "+ days: 60"]),
        ({}, {"tags": {"a": "b"}}, 'tags["a"]', ['+ tags["a"]: b']),
        ({"l": [{"x": 1}]}, {"l": [{"x": 2}]}, "l[0].x", ["- l[0].x: 1", "+ l[0].x: 2"]),
        ({"k": "[secret]"}, {"k": "[secret]"}, "k", ["! k: [secret], changed"]),
        ({"k": "[secret]"}, {"k": "[secret]"}, "k.deeper", ["! k.deeper: [secret], changed"]),
        ({"arn": "arn:a"}, {"arn": UNKNOWN}, "arn", ["- arn: arn:a", "+ arn: (known after deployment)"]),
    ],
    ids=str,
)
def test_a_changed_property(before: dict[str, Any], after: dict[str, Any], path: str, expected: list[str]) -> None:
    assert updated(before, after, path) == expected


def test_a_path_below_another_is_not_said_twice() -> None:
    assert updated({"a": {"b": 1}}, {"a": {"b": 2}}, "a", "a.b") == ["- a: b: 1", "+ a: b: 2"]


def test_json_in_a_text_is_opened_and_compared_without_regard_to_its_writing() -> None:
    lines = updated({"p": '{"a":1,"b":[1,2]}'}, {"p": '{ "b": [1, 3], "a": 1 }'}, "p")

    assert [line for line in lines if line[0] in "+-"] == ["-   - 2", "+   - 3"]


def test_a_created_resource_shows_what_it_is_made_of() -> None:
    made = change("create", new={"__defaults": [], "name": "/falco/events", "retentionInDays": 30, "tags": {}})

    assert diff(made) == ["+ name: /falco/events", "+ retentionInDays: 30"]


# Permissions


def test_permissions_are_compared_by_what_they_allow_not_by_how_they_are_written() -> None:
    before = document(statement(Action=["logs:A", "logs:B"]))
    after = document(statement(Action="logs:B"), statement(Action=["logs:A"], Resource=["arn:a"], Sid="Other"))

    assert permission_changes([change("update", POLICY, old={"policy": before}, new={"policy": after})]) == []


def test_what_becomes_allowed_and_denied_is_told_with_where_to_whom_and_on_what_condition() -> None:
    before = document(statement(), statement(Effect="Deny", Action="logs:DeleteLogGroup"))
    after = document(
        statement(Resource="arn:b", Principal={"Service": "x.amazonaws.com"}, Condition={"Bool": {"a": "true"}})
    )

    text = comment([result(change("update", POLICY, old={"policy": before}, new={"policy": after}))])

    assert "**now allowed**: `logs:PutLogEvents` to `Service x.amazonaws.com` on `arn:b` if `Bool a true`" in text
    assert "**no longer denied**: `logs:DeleteLogGroup` on `arn:a`" in text
    assert "**no longer allowed**: `logs:PutLogEvents` on `arn:a`" in text


def test_the_same_change_of_permissions_in_many_stacks_is_told_once() -> None:
    one = change("create", POLICY, new={"policy": document(statement())})

    five = [result(one, stack=f"s{index}") for index in range(5)]

    assert comment(five).count("**now allowed**") == 1
    assert "all 5 stacks, RolePolicy `one`" in comment(five)
    assert "`s0`, `s1`, `s2`, `s3`, `s4`, RolePolicy `one`" in comment([*five, result(stack="other")])


def test_a_document_that_is_not_known_yet_is_said_to_be_so() -> None:
    one = change("update", POLICY, properties={"policy": "update"}, old={"policy": "{}"}, new={"policy": UNKNOWN})

    assert "known after deployment only" in comment([result(one)])


# Values stay values

EVIL = [
    "```\n## pwned",
    "</details><script>alert(1)</script>",
    "| a | b |",
    "\\|",
    "[click](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "@everyone",
    "> [!CAUTION]",
    "<!-- falco-firelens preview -->",
    "````````````",
    "a\r\n# heading",
    "a\u2028# heading",
    "\u202egnorts\u202c",
    "`",
    " ` ",
    "\n\n---\n\n",
    "",
    " ",
]
texts = st.one_of(st.sampled_from(EVIL), st.text(max_size=60), st.lists(st.sampled_from(EVIL)).map("".join))
trees = st.recursive(
    texts | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner),
    max_leaves=6,
)
inputs = st.dictionaries(texts, trees, max_size=4)


@st.composite
def changes(draw: st.DrawFn) -> Change:
    old, new = draw(inputs), draw(inputs)
    return change(
        draw(st.sampled_from(["create", "update", "replace", "delete", "import"])),
        draw(st.sampled_from([LOG_GROUP, ALARM, POLICY])),
        draw(texts),
        properties=dict.fromkeys([*old, *new, draw(texts)], draw(st.sampled_from(["update", "add-replace"]))),
        old=old,
        new=new | {"policy": draw(st.one_of(texts, texts.map(lambda text: document(statement(Action=text)))))},
    )


@st.composite
def results(draw: st.DrawFn) -> Result:
    findings = draw(st.lists(st.builds(PolicyFinding, texts, st.booleans(), texts, texts), max_size=2))
    error = draw(st.none() | texts.map(EngineFailed))
    status = Status.FAILED if error else Status.SUCCEEDED
    return result(
        *draw(st.lists(changes(), max_size=3)), stack=draw(texts), findings=findings, error=error, status=status
    )


def tokens(text: str) -> Iterator[Token]:
    parser = MarkdownIt("commonmark").enable("table")
    for token in parser.parse(text):
        yield token
        yield from token.children or ()


def structure(text: str) -> list[str]:
    """What a reader of the comment sees beside code and plain words."""
    kinds = ("heading_open", "link_open", "image", "html_inline", "hr", "hardbreak")
    return [token.type for token in tokens(text) if token.type in kinds]


@settings(max_examples=3 * settings.default.max_examples)
@given(st.lists(results(), max_size=3))
def test_no_value_of_a_stack_becomes_markdown_or_html(many: list[Result]) -> None:
    text = comment(many)
    seen = list(tokens(text))

    assert set(structure(text)) <= {"heading_open"}
    headings = [token.content for token, before in zip(seen[1:], seen, strict=False) if before.type == "heading_open"]
    assert all(content.startswith(("Preview: ", "Failed", "Permissions")) for content in headings)
    assert len(headings) <= 3
    blocks = [token.content for token in seen if token.type == "html_block"]
    assert all(block.startswith((MARKER, "<details><summary><b>", "</details>")) for block in blocks)
    assert sum(block.startswith("<details>") for block in blocks) == sum(block.startswith("</") for block in blocks)
    rows = [token for token in seen if token.type == "tr_open"]
    cells = [token for token in seen if token.type in ("td_open", "th_open")]
    assert len(cells) == 6 * len(rows)
    assert "\u202e" not in text and "\u2028" not in text and "\r" not in text


@given(texts)
def test_a_code_span_is_one_span_with_the_text_in_it(text: str) -> None:
    spans = [token for token in tokens(f"a {code(text)} b") if token.type in ("code_inline", "text")]

    assert [span.type for span in spans] == ["text", "code_inline", "text"]


@given(st.lists(texts, max_size=5))
def test_a_fence_holds_all_its_lines(lines: list[str]) -> None:
    (block,) = tokens(fence(lines, "diff"))

    assert block.type == "fence"
    assert block.content.count("\n") == len(lines)


# It fits


def test_what_matters_least_is_left_out_and_counted() -> None:
    long = {f"key{index}": "x" * 300 for index in range(20)}
    creates = [change("create", name=f"new{index}", new=long) for index in range(100)]
    lost = change(
        "replace", LOG_GROUP, "events", old={"name": "a"}, new={"name": "b"}, properties={"name": "update-replace"}
    )

    text = comment([result(*creates, stack="a"), result(*creates, lost, stack="z")])

    assert len(text) <= LIMIT
    assert "! replace LogGroup events" in text
    assert "| `a` | 100 |" in text
    assert text.rstrip().endswith("resources are left out here for want of room.")


@settings(max_examples=settings.default.max_examples)
@given(st.lists(results(), max_size=6), st.integers(2_000, 6_000))
def test_it_is_never_longer_than_the_limit_and_still_whole(many: list[Result], limit: int) -> None:
    text = comment(many * 20, limit=limit)

    assert len(text) <= limit
    blocks = [token.content for token in tokens(text) if token.type == "html_block"]
    assert sum(block.startswith("<details>") for block in blocks) == sum(block.startswith("</") for block in blocks)
    assert text.startswith(MARKER)


@pytest.mark.parametrize("character", ["a", "ü", "日", "🦅"])
def test_a_comment_can_be_handed_on_in_a_variable(character: str) -> None:
    """As `.github/workflows/preview.yml` does; the judge is the kernel, whose limit is in bytes."""
    made = [change("create", name=f"n{index}", new={"a": character * 300}) for index in range(400)]

    text = comment([result(*made)])

    assert len(text.encode()) > 60_000 and len(text) <= LIMIT
    said = subprocess.run(["sh", "-c", 'printf %s "$COMMENT"'], env={"COMMENT": text}, capture_output=True, check=True)
    assert said.stdout.decode() == text


@pytest.mark.parametrize("kind", HOLDS_EVENTS)
@pytest.mark.parametrize("op", ["delete", "replace"])
def test_the_loss_of_whatever_the_policy_guards_is_in_the_warning(op: str, kind: str) -> None:
    text = comment([result(change(op, kind, "it"), *[change("create", name=f"n{index}") for index in range(9)])])

    box = text[text.index("[!CAUTION]") :].split("\n\n")[0]
    assert f"**{NOUNS[kind]} {op}d**: `it`" in box


def test_a_thousand_stacks_fit() -> None:
    made = [change("create", name=f"n{index}", new={"a": "b" * 200}) for index in range(30)]

    text = comment([result(*made, stack=f"stack-{index:04}") for index in range(1000)])

    assert len(text) <= LIMIT
    assert "850 more stacks would change." in text


def test_a_stack_without_a_file_is_named_with_what_its_destruction_needs() -> None:
    text = comment([], removed=["prod"])
    assert (
        "No stack file any more: `prod`. What they deployed stays; `falco-firelens fleet destroy` needs the file."
        in text
    )
