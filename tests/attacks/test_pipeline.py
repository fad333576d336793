"""The attacker can write lines into the sensor's log, and wants them to stand for another cluster's."""

import json

import pytest

from falco_firelens.contract import PLATFORMS, Platform
from tests.unit.sensor.fluent_bit_script import Log, Script

EVENT = '"output": "Shell", "priority": "Critical", "rule": "Terminal shell", "time": "2026-11-24T10:11:12.000000000Z"'
CLUSTER = '{"name": "prod", "account": "999999999999", "node": "node-9"}'


def shipped(platform: Platform, line: str) -> list[str]:
    """What the script makes of a line, as texts."""
    if platform == "ecs":
        made = Script(platform).records(log=line.encode(), source="stdout", container_id="0" * 64)
        return [record["event"].decode() for record in made]
    return [json.dumps(event) for event in Log(Script(platform), "0.log").add("F", line.encode())]


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    "line",
    [
        f'{{{EVENT}, "cluster": {CLUSTER}}}',
        f'{{"cluster" :{CLUSTER}, {EVENT}}}',
        f'{{{EVENT}, "Cluster": {CLUSTER}}}',
        f'{{{EVENT}, "\\u0063luster": {CLUSTER}}}',
        f'{{{EVENT}, "\\cluster": {CLUSTER}}}',
        f'{{{EVENT}, "\\x63luster": {CLUSTER}}}',
        f'{{{EVENT}, "tags": ["a"], "output_fields": {{"a": "}}{{"}}, "cluster": "prod"}}',
    ],
)
def test_a_line_speaks_for_another_cluster(platform: Platform, line: str) -> None:
    (text,) = shipped(platform, line)

    event = json.loads(text, object_pairs_hook=lambda pairs: _once(pairs))
    assert event["cluster"]["name"] != "prod"
    assert event["rule"] == "Falco FireLens: event not whole"
    assert event["output_fields"]["event.what"] == "lost"
    assert event["output_fields"]["event.reason"].startswith("a line that names its cluster itself")


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    "line",
    [
        f'{{{EVENT}, "output_fields": {{"cluster": "a", "k8s.cluster": "b"}}}}',
        f'{{{EVENT}, "output_fields": {{"proc.cmdline": "echo \\"cluster\\": \\u0063"}}}}',
        f'{{{EVENT}, "tags": ["cluster", "a\\\\b"]}}',
    ],
)
def test_an_event_that_only_mentions_a_cluster_is_shipped(platform: Platform, line: str) -> None:
    (text,) = shipped(platform, line)

    assert json.loads(text)["rule"] == "Terminal shell"


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object in which no key stands twice, in whatever case."""
    assert len({key.lower() for key, _ in pairs}) == len(pairs)
    return dict(pairs)
