"""Lines become events whole, or an event of our own says what is missing: the script, run as Fluent Bit runs it."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from falco_firelens.contract import Platform
from falco_firelens.sensor.model import NOT_WHOLE_RULE, FirehoseStream
from tests.unit.sensor.clusters import pipeline
from tests.unit.sensor.fluent_bit_script import Log, Script, event, parts, rules

PLATFORMS: tuple[Platform, ...] = ("eks", "ecs")


def lost(told: dict[str, Any]) -> tuple[str, str, str | None]:
    """What an event of our own says of another."""
    assert (told["rule"], told["source"], told["priority"]) == (NOT_WHOLE_RULE, "internal", "Error")
    assert told["cluster"]["name"] == "payments"
    fields = told["output_fields"]
    return fields["event.what"], fields["event.reason"], fields["event.rule"]


def feed(script: Script, platform: Platform, text: bytes, identity: str = "a") -> list[dict[str, Any]]:
    """A line by way of either runtime."""
    if platform == "eks":
        return Log(script, f"{identity}.log").write(text)
    made: list[dict[str, Any]] = []
    pieces = parts(text)
    for number, part in enumerate(pieces, 1):
        made += script.events(**docker(part, identity, number, number == len(pieces)))
    return made


def docker(part: bytes, identity: str, number: int, last: bool) -> dict[str, object]:
    return {
        "source": "stdout",
        "log": part,
        "partial_message": "true",
        "partial_id": identity,
        "partial_ordinal": str(number),
        "partial_last": "true" if last else "false",
    }


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("size", [0, 16_000, 17_000, 70_000, 130_000])
def test_an_event_is_whole_however_long_a_line_the_runtime_writes(platform: Platform, size: int):
    line = event("x", "ü" * (size // 2))
    (made,) = feed(Script(platform), platform, line)
    assert made.pop("cluster")["name"] == "payments"
    assert made == json.loads(line)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("streams", [(), (FirehoseStream("s", "eu-west-1"),)])
@pytest.mark.parametrize(
    "text", ['"' * 130_000, "x" * 1_030_000, "\\" * 200_000, "ü" * 90_000, "🦅" * 50_000, '\n"\\🦅' * 40_000]
)
def test_an_event_that_would_be_cut_arrives_shortened_and_is_told(
    platform: Platform, streams: tuple[FirehoseStream, ...], text: str
):
    line = event("long", text)
    script = Script(platform, replace(pipeline(platform), streams=streams))
    made, told = feed(script, platform, line)
    assert lost(told) == ("shortened", "longer than what is sent whole", "long")
    assert told["output_fields"]["event.bytes"] == len(line)
    fields = made["output_fields"]
    assert fields.pop("event.shortened_from") == len(line)
    kept = fields["proc.cmdline"].removesuffix(" [shortened]")
    assert 0 < len(kept) < len(text) and text.startswith(kept)
    same = json.loads(line)
    assert {key: made[key] for key in ("hostname", "priority", "rule", "source", "tags", "time")} == {
        key: same[key] for key in ("hostname", "priority", "rule", "source", "tags", "time")
    }


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_event_that_stays_too_long_is_told(platform: Platform):
    line = json.dumps(
        {"output_fields": {f"f{n}": "x" * 4000 for n in range(300)}, "rule": "wide", "time": "t"}
    ).encode()
    (told,) = feed(Script(platform), platform, line)
    assert lost(told) == ("lost", "longer than what is sent whole", "wide")


LETTERS = st.sampled_from('x"\\/\n\x01\x7fü€🦅\ud7ff') | st.characters(exclude_categories=["Cs"])
TEXTS = st.text(LETTERS, min_size=1, max_size=60)


@settings(max_examples=8, deadline=None)
@given(TEXTS, st.integers(0, 40), st.booleans())
@example("🦅" * 3000, 1, True)
@example('"' * 9000, 1, False)
def test_a_text_is_never_cut_in_a_character_or_an_escape(text: str, shift: int, ascii_only: bool):
    text = "x" * shift + text * (5000 // len(text) + 1) + "y" * 1_000_000
    line = json.dumps({"output": text, "output_fields": {}, "rule": "x", "time": "t"}, ensure_ascii=ascii_only).encode()
    made, _ = feed(Script("ecs"), "ecs", line)
    kept = made["output"].removesuffix(" [shortened]")
    kept.encode()  # no half of a surrogate pair
    assert text.startswith(kept) and len(kept.encode()) > 500
    assert made["output_fields"] == {"event.shortened_from": len(line)}


@pytest.mark.parametrize("size", [40, 90, 200, 17_000, 60_000])
def test_an_event_that_is_split_over_a_rotation_is_joined(size: int):
    script = Script("eks")
    old, new = Log(script, "0.log"), Log(script, "0.log")
    line = event("split", "x" * size, 7)
    assert rules(old.add("F", event("before", number=6))) == ["before"]
    begin = [line[start : start + size // 2] for start in range(0, len(line) - size // 2, size // 2)]
    end = line[sum(map(len, begin)) :]
    assert not [made for part in begin[:-1] for made in old.add("P", part)]
    assert not new.add("P", begin[-1]) and not new.add("F", end), "more may come in the older file"
    assert rules(new.add("F", event("after", number=8))) == ["after"]
    script.now += 3
    (made,) = script.events()
    assert made.pop("cluster") and made == json.loads(line)
    script.now += 1000
    assert script.events() == []


def test_the_newer_file_may_be_read_first():
    """As after a restart: what is found by the path's first pattern comes first."""
    script = Script("eks")
    new, old = Log(script, "0.log"), Log(script, "0.log.20261124-101112", offset=5000)
    line = event("split", "x" * 500, 7)
    assert new.add("F", line[300:]) == []
    assert rules(new.add("F", event("after"))) == ["after"]
    assert rules(old.add("F", event("other", number=5))) == ["other"]
    assert old.add("P", line[:100]) == []
    script.now += 1
    assert old.add("P", line[100:300]) == []
    script.now += 2
    assert script.events() == [], "the older file has gone on"
    script.now += 1
    (made,) = script.events()
    assert made.pop("cluster") and made == json.loads(line)


def test_an_unread_rest_of_the_older_file_is_not_mistaken():
    """Two events are in two parts each; Fluent Bit reads the newer file in between."""
    script = Script("eks")
    old, new = Log(script, "0.log"), Log(script, "0.log")
    first, second = event("first", "x" * 500, 1), event("second", "x" * 500, 2)
    old.add("P", first[:300])
    assert new.add("F", second[300:]) == []
    script.now += 10
    assert script.events() == [], "their times differ"
    assert rules(old.add("F", first[300:])) == ["first"]
    old.add("P", second[:300])
    script.now += 3
    (made,) = script.events()
    assert made.pop("cluster") and made == json.loads(second)


def test_a_rest_that_looks_like_an_event_is_joined():
    script = Script("eks")
    old, new = Log(script, "0.log"), Log(script, "0.log")
    line = event("split", "x", 7)
    cut = line.index(b'{"evt.time')
    old.add("P", line[:cut])
    assert new.add("F", line[cut:]) == []
    script.now += 3
    assert rules(script.events()) == ["split"]


def test_a_new_files_own_first_event_is_not_held_up():
    script = Script("eks")
    old, new = Log(script, "0.log"), Log(script, "0.log")
    old.add("P", event("split", "x" * 500, 7)[:300])
    assert rules(new.add("F", event("whole", number=8))) == ["whole"]
    script.now += 300
    (told,) = script.events()
    assert lost(told) == ("lost", "its end did not come", None)
    assert '"output":"2026' in told["output_fields"]["event.text"]


def test_halves_that_stay_alone_are_told():
    script = Script("eks")
    line = event("cut", "x" * 500)
    assert Log(script, "0.log").add("F", line[200:]) == []
    script.now += 299
    assert script.events() == []
    script.now += 3
    (told,) = script.events()
    assert lost(told) == ("lost", "its beginning was not read", "cut")
    assert told["output_fields"]["event.priority"] == "Critical"
    assert told["output_fields"]["event.time"] == json.loads(line)["time"]
    (told,) = Log(script, "1.log", offset=777).add("F", line[200:])
    assert lost(told) == ("lost", "its beginning was not read", "cut"), "forgotten by a restart"


def test_halves_of_two_containers_stay_apart():
    script = Script("eks")
    line = event("cut", "x" * 500)
    Log(script, "0.log").add("P", line[:200])
    Log(script, "1.log").add("F", line[200:])
    script.now += 300
    assert {lost(told)[1] for told in script.events()} == {"its beginning was not read", "its end did not come"}


def test_other_texts_are_dropped_without_a_word():
    script = Script("eks")
    for number, texts in enumerate(((b"Events detected: 1",), (b"",), (b'{"no":"event"}',), (b"a" * 16384, b"b"))):
        log = Log(script, f"{number}.log")
        *begin, end = texts
        assert not [made for text in begin for made in log.add("P", text)] and not log.add("F", end)
        assert not log.add("F", event("x"), stream="stderr") and not log.add("F", texts[0])
    script.now += 1000
    assert script.events() == []
    assert script.events(path="/x/0.log", offset=0, log=b"no line of any runtime") == []


def test_parts_of_both_streams_come_in_turns():
    script = Script("eks")
    log, line = Log(script, "0.log"), event("x", "y" * 100)
    log.add("F", b"start")
    log.add("P", line[:50])
    assert log.add("F", b"a word", stream="stderr") == []
    assert rules(log.add("F", line[50:])) == ["x"]


def test_a_carriage_return_that_fluent_bit_takes_away_is_no_new_file():
    script = Script("eks")
    log = Log(script, "0.log")
    log.add("F", b"text")
    log.offset += 1
    line = event("x", "y" * 100)
    log.add("P", line[:50])
    assert rules(log.add("F", line[50:])) == ["x"]


def test_a_missing_part_of_dockers_is_told():
    script, line = Script("ecs"), event("x", "y" * 18_000)
    pieces = parts(line)
    assert script.events(**docker(pieces[0], "a", 1, False)) == []
    (told,) = script.events(**docker(pieces[2], "a", 3, True))
    assert lost(told) == ("lost", "its beginning was not read", "x")
    assert script.events(**docker(pieces[0], "b", 1, False)) == []
    told, made = script.events(source="stdout", log=event("next"))
    assert lost(told) == ("lost", "its end did not come", None)
    assert made["rule"] == "next"
    assert script.events(**docker(pieces[1], "c", 2, False)) == []
    (told,) = script.events(**docker(pieces[2], "c", 3, True))
    assert lost(told)[1] == "its beginning was not read", "the router was started meanwhile"


def test_dockers_streams_do_not_disturb_each_other():
    script, line = Script("ecs"), event("x", "y" * 18_000)
    made: list[dict[str, Any]] = []
    for number, part in enumerate(parts(line), 1):
        made += script.events(**docker(part, "a", number, number == 3))
        assert script.events(**{**docker(b"err", "b", number, number == 3), "source": "stderr"}) == []
    assert rules(made) == ["x"]
