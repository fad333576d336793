"""What Fluent Bit is told on a Kubernetes node."""

import json
import re
from dataclasses import replace
from fnmatch import fnmatch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lupa.luajit21 import LuaRuntime

from falco_firelens.contract import Platform
from falco_firelens.sensor import events, firelens, fluent_bit
from falco_firelens.sensor.model import (
    FLUENT_BIT_HTTP_PORT,
    FLUENT_BIT_STATE_DIR,
    SENSOR_DIR,
    FirehoseStream,
    LogGroup,
    SensorError,
)
from tests.unit.sensor.clusters import pipeline

STREAMS = (FirehoseStream("to-s3", "eu-west-1"), FirehoseStream("to-search", "eu-central-1"))
PLATFORMS: tuple[Platform, ...] = ("eks", "kubernetes", "ecs")

Section = tuple[str, dict[str, str]]


def sections(configuration: str) -> list[Section]:
    """Every section of a classic configuration with its options."""
    parsed: list[Section] = []
    for line in configuration.splitlines():
        if head := re.fullmatch(r"\[(\w+)\]", line):
            parsed.append((head[1], {}))
        elif line.strip():
            name, value = line.split(maxsplit=1)
            assert name not in parsed[-1][1], f"{name} twice"
            parsed[-1][1][name] = value
    return parsed


def rendered(platform: Platform, **changes: object) -> list[Section]:
    files = firelens.files if platform == "ecs" else fluent_bit.files
    return sections(files(replace(pipeline(platform), **changes))["fluent-bit.conf"])


def only(parsed: list[Section], kind: str, name: str | None = None) -> dict[str, str]:
    found = [options for section, options in parsed if section == kind and name in (None, options.get("Name"))]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_everything_waits_on_disk_without_checksums(platform: Platform) -> None:
    service = only(rendered(platform), "SERVICE")
    assert service["storage.path"].startswith(FLUENT_BIT_STATE_DIR)
    assert (service["storage.type"], service["storage.inherit"]) == ("filesystem", "On")
    assert service["storage.checksum"] == "Off"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_health_is_answered_to_the_node_only(platform: Platform) -> None:
    service = only(rendered(platform), "SERVICE")
    assert (service["HTTP_Server"], service["HTTP_Listen"]) == ("On", "127.0.0.1")
    assert service["HTTP_Port"] == str(FLUENT_BIT_HTTP_PORT)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_destination_is_tried_for_ever_within_its_own_disk_limit(platform: Platform) -> None:
    outputs = [options for kind, options in rendered(platform, streams=STREAMS) if kind == "OUTPUT"]
    assert [output["Name"] for output in outputs] == ["cloudwatch_logs", "kinesis_firehose", "kinesis_firehose"]
    assert {output["Retry_Limit"] for output in outputs} == {"no_limits"}
    assert {output["storage.total_limit_size"] for output in outputs} == {events.DISK_LIMIT}
    assert [output["region"] for output in outputs] == ["eu-west-1", "eu-west-1", "eu-central-1"]
    assert [output["delivery_stream"] for output in outputs[1:]] == ["to-s3", "to-search"]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_log_group_is_not_created_and_the_stream_is_named_after_cluster_and_node(platform: Platform) -> None:
    output = only(rendered(platform), "OUTPUT")
    assert output["log_group_name"] == "/falco/events"
    assert output["auto_create_group"] == "Off"
    assert output["log_stream_template"] == "payments/$node"
    parsed = only(rendered(platform, streams=STREAMS), "OUTPUT", "cloudwatch_logs")
    assert parsed["log_stream_template"] == "payments/$cluster['node']"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_event_is_parsed_only_for_firehose(platform: Platform) -> None:
    text, parsed = rendered(platform), rendered(platform, streams=STREAMS)
    assert only(text, "OUTPUT")["log_key"] == "event"
    assert not [options for kind, options in text if kind == "FILTER" and options["Name"] == "parser"]
    assert only(parsed, "FILTER", "parser")["Key_Name"] == "event"
    assert "log_key" not in only(parsed, "OUTPUT", "cloudwatch_logs")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_pipeline_leads_somewhere(platform: Platform) -> None:
    with pytest.raises(SensorError, match="found no destination"):
        rendered(platform, log_group=None)
    assert only(rendered(platform, log_group=None, streams=STREAMS[:1]), "OUTPUT")["Name"] == "kinesis_firehose"


def test_a_value_of_two_lines_is_refused() -> None:
    with pytest.raises(SensorError, match=r"log_group_name: found 'a\\n\[OUTPUT\]'"):
        rendered("eks", log_group=LogGroup("a\n[OUTPUT]", "eu-west-1"))


WRITABLE = st.text(st.characters(categories=["L", "N", "P", "S"]) | st.sampled_from("#@[]'\"$\\ "), min_size=1)


@given(WRITABLE)
@example("/falco/#1")
@example("@INCLUDE x")
@example("[OUTPUT]")
def test_any_value_that_is_taken_is_read_as_it_stands(text: str) -> None:
    """Comments, `@` and sections begin a line, where no value does: read_config in src/config_format/flb_cf_fluentbit.c
    of Fluent Bit's source. `${` is replaced anywhere: src/flb_env.c."""
    try:
        written = events.section("OUTPUT", {"Name": "x", "log_group_name": text})
    except SensorError:
        assert text != text.strip() or "${" in text
        return
    assert sections(written) == [("OUTPUT", {"Name": "x", "log_group_name": text})]


@pytest.mark.parametrize("text", ["", " ", "a ", " a", "a\tb", "a\rb", "${HOME}", "a${X", "\x7f", "a\u2028b"])
def test_a_value_that_would_be_read_as_another_is_refused(text: str) -> None:
    with pytest.raises(SensorError, match="Fluent Bit option log_group_name"):
        events.section("OUTPUT", {"log_group_name": text})


def test_a_clusters_name_cannot_be_the_name_of_a_field() -> None:
    with pytest.raises(SensorError, match=r"cluster \$log: found a \$"):
        rendered("eks", identity=replace(pipeline("eks").identity, name="$log"))


@given(st.text(st.characters(exclude_categories=["Cs"])))
@example('"; os.exit() --')
@example("a\\\n\r\0]]é\x7f")
def test_the_script_knows_any_cluster_as_it_is(name: str) -> None:
    identity = replace(pipeline("eks").identity, name=name)
    script = events.script(replace(pipeline("eks"), identity=identity), "cri", node_field="node")
    head = script[: script.index("\n", script.index("local NODE_FIELD"))]
    assert json.loads(str(LuaRuntime().execute(f"{head}\nreturn CLUSTER")))["name"] == name


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_file_that_is_named_is_there(platform: Platform) -> None:
    files = firelens.files(pipeline(platform)) if platform == "ecs" else fluent_bit.files(pipeline(platform))
    named = set(re.findall(rf"{SENSOR_DIR}/(\S+)", files["fluent-bit.conf"]))
    assert named | {"fluent-bit.conf"} == files.keys()


@pytest.mark.parametrize(("platform", "node"), [("eks", "node"), ("ecs", "ec2_instance_id")])
def test_the_script_knows_the_cluster_and_the_fields(platform: Platform, node: str) -> None:
    files = firelens.files(pipeline(platform)) if platform == "ecs" else fluent_bit.files(pipeline(platform))
    settings = dict(re.findall(r'^local ([A-Z_]+) = "(.*)"$', files["event.lua"], re.MULTILINE))
    assert settings["NODE_FIELD"] == node
    assert json.loads(settings["CLUSTER"].replace('\\"', '"')) == {
        "name": "payments",
        "platform": platform,
        "account": "123456789012",
        "region": "eu-west-1",
    }


def test_time_passes_for_the_script_though_falco_is_silent() -> None:
    clock = only(rendered("eks"), "INPUT", "dummy")
    assert clock["Tag"] == only(rendered("eks"), "INPUT", "tail")["Tag"]
    assert int(clock["Interval_Sec"]) <= 5


def test_the_position_is_kept_and_nothing_is_skipped() -> None:
    tail = only(rendered("eks"), "INPUT", "tail")
    assert tail["DB"].startswith(FLUENT_BIT_STATE_DIR)
    assert tail["Read_from_Head"] == "On"
    assert {"Path_Key", "Offset_Key"} <= tail.keys() and "multiline.parser" not in tail, "the script joins parts itself"
    assert tail["storage.type"] == "filesystem"
    assert not {"Mem_Buf_Limit", "Ignore_Older", "storage.pause_on_chunks_overlimit"} & tail.keys()


def test_a_rotated_file_is_not_let_go_while_it_may_exist() -> None:
    """Else Fluent Bit finds it again under its new name and ships it twice."""
    assert int(only(rendered("eks"), "INPUT", "tail")["Rotate_Wait"]) >= 90 * 24 * 60 * 60


@pytest.mark.parametrize(
    ("path", "read"),
    [
        ("falco_falco-7x2kq_4f1c/falco/0.log", True),
        ("falco_falco-7x2kq_4f1c/falco/3.log", True),
        ("falco_falco-7x2kq_4f1c/falco/0.log.20261124-101112", True),
        ("falco_falco-7x2kq_4f1c/falco/0.log.20261124-101112.gz", False),
        ("falco_falco-7x2kq_4f1c/falco/0.log.20261124-101112.tmp", False),
        ("falco_falco-7x2kq_4f1c/falcoctl/0.log", False),
        ("falco_fluent-bit-x8c5p_4f1c/fluent-bit/0.log", False),
        ("shop_falco-7x2kq_4f1c/falco/0.log", False),
    ],
)
def test_which_files_are_read(path: str, read: bool) -> None:
    tail = only(rendered("kubernetes"), "INPUT", "tail")
    patterns, excluded = tail["Path"].split(","), tail["Exclude_Path"].split(",")
    matches = any(fnmatch(f"/var/log/pods/{path}", pattern) for pattern in patterns)
    assert (matches and not any(fnmatch(path, pattern) for pattern in excluded)) == read
