"""Events out of deliveries: what is taken, what is set aside, and that nothing stops the rest."""

import base64
import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from falco_firelens.responder.event import MalformedError, pack, parse_delivery, parse_event
from falco_firelens.responder.targets import Target, subject_of
from tests.unit.responder.events import TASK, document, event


def test_an_event_has_falcos_time_to_the_nanosecond_and_its_clusters_name() -> None:
    found = parse_event(json.dumps(document(time="2026-11-24T20:00:00.000000001Z")))
    assert found.time == 1795550400_000000001
    assert (found.cluster, found.platform, found.node) == ("eks", "eks", "node-1")
    assert found.image == "docker.io/library/nginx:1.27"


def test_the_identity_does_not_depend_on_the_order_of_keys() -> None:
    one = document()
    other = dict(reversed(one.items()))
    assert parse_event(json.dumps(one)).identity == parse_event(json.dumps(other)).identity
    assert parse_event(json.dumps({**one, "rule": "x"})).identity != parse_event(json.dumps(one)).identity


def test_what_an_event_is_about() -> None:
    assert str(subject_of(event())) == "pod eks/shop/web-0"
    assert str(subject_of(event(pod=None))) == "node eks/node-1"
    task = event(pod=None, cluster="jobs", platform="ecs", fields={"ecs.task.arn": TASK})
    assert subject_of(task) == Target("task", "jobs", TASK)
    on_host = event(pod=None, cluster="jobs", platform="ecs", fields={"ecs.task.arn": "<NA>"})
    assert str(subject_of(on_host)) == "node jobs/i-0123456789abcdef0"


BAD = {
    "not JSON": "shell",
    "an array": "[]",
    "deep": "[" * 100_000,
    "other people's JSON": '{"detail-type": "EC2 Instance State-change Notification"}',
    "no cluster": json.dumps({**document(), "cluster": None}),
    "a cluster that is no name": json.dumps(document(cluster="../eks")),
    "no rule": json.dumps({**document(), "rule": ""}),
    "a rule that is a list": json.dumps({**document(), "rule": ["x"]}),
    "a priority of ours": json.dumps({**document(), "priority": "Urgent"}),
    "no time": json.dumps({**document(), "time": None}),
    "a time without a day": json.dumps({**document(), "time": "2026-13-45T20:00:00Z"}),
    "a time with other digits": json.dumps({**document(), "time": "٢٠٢٦-11-24T20:00:00Z"}),
    "fields that are a text": json.dumps({**document(), "output_fields": "x"}),
    "a pod that is a path": json.dumps(document(pod="../../nodes/node-1")),
    "a pod with a query": json.dumps(document(pod="web?dryRun=All")),
    "a pod with a line end": json.dumps(document(pod="web-0\n")),
    "a pod that is too long": json.dumps(document(pod="a" * 254)),
    "a platform that is none": json.dumps(document(platform="nomad")),
    "a uid that is none": json.dumps(document(fields={"k8s.pod.uid": "3e41dc6b/../x"})),
    "a pod that is a number": json.dumps(document(fields={"k8s.pod.name": 7})),
    "a namespace with a selector": json.dumps(document(fields={"k8s.ns.name": "shop,kube-system"})),
    "a namespace with a dot": json.dumps(document(fields={"k8s.ns.name": "a.b"})),
    "a task of no cluster": json.dumps(document(fields={"ecs.task.arn": "arn:aws:ecs:eu-west-1:123456789012:task/x"})),
    "a node that is a path": json.dumps({**document(), "cluster": {**document()["cluster"], "node": "a/b"}}),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_event_is_refused(name: str) -> None:
    with pytest.raises(MalformedError):
        parse_event(BAD[name])


def test_a_malformed_record_is_set_aside_whole_and_stops_nothing() -> None:
    good = json.dumps(document())
    delivery = parse_delivery(pack([good, *BAD.values(), good], "eks/node-1"))
    assert len(delivery.events) == 2
    assert [one.record for one in delivery.set_aside] == list(BAD.values())
    assert all(one.reason for one in delivery.set_aside)


def test_an_event_in_another_clusters_log_stream_is_not_believed() -> None:
    delivery = parse_delivery(pack([json.dumps(document(cluster="own"))], "eks/node-1"))
    assert not delivery.events
    assert "another cluster" in delivery.set_aside[0].reason


def test_a_large_event_is_an_event() -> None:
    large = json.dumps(document(fields={"proc.cmdline": "x" * 2**20}))
    assert len(parse_delivery(pack([large], "eks/node-1")).events) == 1


def test_a_bomb_is_not_unpacked() -> None:
    bomb = base64.b64encode(gzip.compress(b" " * 2**27)).decode()
    delivery = parse_delivery({"awslogs": {"data": bomb}})
    assert "more than" in delivery.set_aside[0].reason


def test_the_subscription_filters_own_message_is_nothing() -> None:
    body = {"messageType": "CONTROL_MESSAGE", "logEvents": [{"message": "CWL CONTROL MESSAGE"}]}
    data = base64.b64encode(gzip.compress(json.dumps(body).encode())).decode()
    assert parse_delivery({"awslogs": {"data": data}}) == parse_delivery(pack([], "x"))


JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_no_payload_raises(payload: Any) -> None:
    delivery = parse_delivery(payload)
    assert not delivery.events and delivery.set_aside


@given(st.sampled_from(["cluster", "output_fields", "priority", "rule", "tags", "time", "output"]), JSON)
def test_whatever_a_key_holds_the_event_is_taken_or_set_aside(key: str, value: Any) -> None:
    message = json.dumps({**document(), key: value})
    delivery = parse_delivery(pack([message, json.dumps(document())], "eks/node-1"))
    assert len(delivery.events) + len(delivery.set_aside) == 2
    assert delivery.events


@given(st.text(), st.text())
def test_no_name_has_a_character_that_could_leave_a_path_or_a_selector(namespace: str, pod: str) -> None:
    message = json.dumps(document(fields={"k8s.ns.name": namespace, "k8s.pod.name": pod}))
    for found in parse_delivery(pack([message], "eks/node-1")).events:
        target = Target.pod(found)
        assert target is None or set(target.name + target.namespace) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
