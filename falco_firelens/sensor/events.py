"""The part of a Fluent Bit configuration that is the same on every platform: from Falco's line to the destinations.

Fluent Bit's classic format, because the ECS agent's generated configuration is in it and can only include its own kind:
https://docs.fluentbit.io/manual/administration/configuring-fluent-bit/classic-mode. Options are those of Fluent Bit
4.2 and later (aws-for-fluent-bit 3.x).
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from falco_firelens.sensor.model import (
    FLUENT_BIT_HTTP_PORT,
    FLUENT_BIT_STATE_DIR,
    LEFT_OUT_RULE,
    NOT_WHOLE_RULE,
    SENSOR_DIR,
    Pipeline,
    SensorError,
)

Options = dict[str, str | int]
"""Options of one section in order."""

DISK_LIMIT = "1G"
"""Unsent events kept on the node for each destination; beyond it the oldest go first."""

MAX_CHUNKS_IN_MEMORY = 32
"""Chunks of at most 2 MB mapped at once: bounds the memory of an outage without bounding what is kept on disk."""

GRACE_SECONDS = 20
"""How long a stopping Fluent Bit goes on sending. What is still unsent then waits on disk for its successor."""

PARSERS = """\
[PARSER]
    Name   falco
    Format json
"""

LONGEST_EVENT = 1_000_000
"""Bytes beyond which Fluent Bit cuts an event for CloudWatch Logs, counted once the event is a text in JSON:
`MAX_EVENT_LEN` in plugins/out_cloudwatch_logs/cloudwatch_api.h of its source. Firehose's output takes more."""

LONGEST_PARSED_EVENT = 990_000
"""The same where events are parsed: numbers can come out with more digits."""

Reader = Literal["cri", "docker"]
"""Which script of this folder knows the lines: the files of containerd and CRI-O, or the records of Docker's driver."""

_SCRIPTS = Path(__file__).parent


def section(kind: str, options: Options) -> str:
    """One section of a classic configuration file, whose only syntax within a value is `${VARIABLE}`.

    Raises SensorError when a value cannot be one line of it.
    """
    width = max(len(name) for name in options)
    for name, value in options.items():
        text = str(value)
        if not text or text != text.strip() or "${" in text or not text.isprintable():
            raise SensorError(f"Fluent Bit option {name}: found {value!r}, expected one line of text without ${{")
    lines = (f"    {name:<{width}} {value}" for name, value in options.items())
    return "\n".join((f"[{kind}]", *lines)) + "\n"


def service() -> str:
    """Return the `[SERVICE]` section: buffers on disk, early retries, a health endpoint for the node only.

    No checksums: a chunk that was being written at a `kill -9` would fail its own and be thrown away.
    """
    return section(
        "SERVICE",
        {
            "Flush": 1,
            "Grace": GRACE_SECONDS,
            "Log_Level": "info",
            "Parsers_File": f"{SENSOR_DIR}/parsers.conf",
            "HTTP_Server": "On",
            "HTTP_Listen": "127.0.0.1",
            "HTTP_Port": FLUENT_BIT_HTTP_PORT,
            "storage.path": f"{FLUENT_BIT_STATE_DIR}/chunks",
            "storage.type": "filesystem",
            "storage.inherit": "On",
            "storage.sync": "normal",
            "storage.checksum": "Off",
            "storage.max_chunks_up": MAX_CHUNKS_IN_MEMORY,
            "storage.backlog.mem_limit": "16M",
            "storage.metrics": "On",
            "scheduler.base": 1,
            "scheduler.cap": 30,
        },
    )


def filters(pipeline: Pipeline, match: str) -> str:
    """From a record that holds Falco's line in `log` to `event`, the contract's event as text, and `node`.

    Firehose's output cannot ship a field that is JSON text (it leaves it escaped), so where events go there, too, they
    are parsed.
    """
    script: Options = {
        "Name": "lua",
        "Match": match,
        "script": f"{SENSOR_DIR}/event.lua",
        "call": "make_event",
        "time_as_table": "On",
    }
    parser: Options = {"Name": "parser", "Match": match, "Key_Name": "event", "Parser": "falco"}
    return "\n".join(section("FILTER", options) for options in (script, *((parser,) if pipeline.streams else ())))


def script(pipeline: Pipeline, reader: Reader, *, node_field: str) -> str:
    """Return the Lua filter's script: `reader` parses the platform's lines, `node_field` is the node's, if records have
    one.
    """
    identity = pipeline.identity
    cluster = {
        "name": identity.name,
        "platform": identity.platform,
        "account": identity.account,
        "region": identity.region,
    }
    settings = {
        "CLUSTER": _lua_string(json.dumps(cluster, separators=(",", ":"))),
        "NODE_FIELD": _lua_string(node_field),
        "NOT_WHOLE": _lua_string(NOT_WHOLE_RULE),
        "LONGEST": str(LONGEST_PARSED_EVENT if pipeline.streams else LONGEST_EVENT),
        "PARSED": "true" if pipeline.streams else "false",
        "BUDGET": "nil" if pipeline.budget is None else str(pipeline.budget),
        "LEFT_OUT": _lua_string(LEFT_OUT_RULE),
    }
    lines = (f"local {name} = {value}" for name, value in settings.items())
    budget = () if pipeline.budget is None else ("budget",)
    return "\n".join((*lines, *map(_code, ("lines", reader, *budget, "event")))) + "\n"


def _code(name: str) -> str:
    """Return a script without comments and indentation: on ECS it shares the task definition with the user's rules."""
    lines = (line.strip() for line in _SCRIPTS.joinpath(f"{name}.lua").read_text().splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("--"))


def outputs(pipeline: Pipeline, match: str) -> str:
    """One `[OUTPUT]` a destination. Each retries by itself forever and has its own disk limit."""
    return "\n".join(section("OUTPUT", options) for options in _outputs(pipeline, match))


def _outputs(pipeline: Pipeline, match: str) -> Iterable[Options]:
    patience: Options = {"Retry_Limit": "no_limits", "storage.total_limit_size": DISK_LIMIT}
    cluster = pipeline.identity.name
    if "$" in cluster:
        raise SensorError(f"cluster {cluster}: found a $, which begins a field's name in a log stream's template")
    if pipeline.log_group is None and not pipeline.streams:
        raise SensorError("found no destination for the events, expected at least one")
    if pipeline.log_group is not None:
        yield {
            "Name": "cloudwatch_logs",
            "Match": match,
            "Alias": "log_group",
            "region": pipeline.log_group.region,
            "log_group_name": pipeline.log_group.name,
            "log_stream_name": cluster,
            "auto_create_group": "Off",
            **_form(pipeline),
            **patience,
        }
    for stream in pipeline.streams:
        yield {
            "Name": "kinesis_firehose",
            "Match": match,
            "Alias": f"firehose_{stream.name}",
            "region": stream.region,
            "delivery_stream": stream.name,
            **patience,
        }


def _form(pipeline: Pipeline) -> Options:
    """How CloudWatch's output finds the event and the node: in a parsed record, or in one of two fields."""
    cluster = pipeline.identity.name
    if pipeline.streams:
        return {"log_stream_template": f"{cluster}/$cluster['node']"}
    return {"log_stream_template": f"{cluster}/$node", "log_key": "event"}


def _lua_string(text: str) -> str:
    """Return a Lua literal of one line of text."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
