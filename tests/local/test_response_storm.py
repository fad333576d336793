"""Thousands of events for 50 pods, delivered twice, out of order and concurrently: what the API server saw."""

import json
import random
import re
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from lightkube import ApiError
from lightkube.resources.core_v1 import Event, Pod
from lightkube.resources.networking_v1 import NetworkPolicy

from falco_firelens.responder import handler
from falco_firelens.responder.marks import ISOLATED
from falco_firelens.responder.permissions import needs
from localcloud.cloud import LocalCloud
from tests.local.response import Api
from tests.unit.responder.account import Account, LambdaContext, deliveries, moto_account
from tests.unit.responder.events import configuration, document, playbook

pytestmark = pytest.mark.local

PODS = 50
ACTIONS = ("evidence", "isolate", "notify")
VICTIMS = [f"web-{number}" for number in range(PODS)]
OTHERS = [f"other-{number}" for number in range(5)]


@pytest.fixture
def storm(local_cloud: LocalCloud) -> Iterator[Api]:
    """50 pods of a namespace, others with the same labels, and a namesake of one in another namespace."""
    api = Api(local_cloud.layout)
    api.pods(*(f"storm/{name}" for name in [*VICTIMS, *OTHERS]), "calm/web-0")
    # On Lambda each invocation has a process to itself. In one, the interpreter crashes at times where two threads
    # convert to the same type for the first time (msgspec 0.22.0).
    for kind in (Event, NetworkPolicy):
        list(api.admin.list(kind, namespace="calm"))
    with pytest.raises(ApiError):
        api.admin.get(Pod, "nobody", namespace="calm")
    yield api
    for namespace in ("storm", "calm"):
        api.clear(namespace)


def requests(api: Api, verb: str, resource: str) -> int:
    """How many requests of a kind the API server has answered, whatever it answered."""
    found = 0.0
    for line in api.kubectl("get", "--raw", "/metrics").splitlines():
        name, _, rest = line.partition("{")
        labels = dict(re.findall(r'(\w+)="([^"]*)"', rest))
        if name == "apiserver_request_total" and not labels["subresource"] and not labels["dry_run"]:
            found += float(line.rpartition(" ")[2]) * ((labels["verb"], labels["resource"]) == (verb, resource))
    return int(found)


def changes(api: Api, kind: Any, since: str, last: str) -> Counter[tuple[str, str]]:
    """What the API server tells a watcher of since a version, by kind of change and name, up to a change of `last`."""
    told = Counter[tuple[str, str]]()
    for change, one in api.admin.watch(kind, namespace="storm", resource_version=since):
        if one.metadata.name == last:
            return told
        told[change, one.metadata.name] += 1
    raise AssertionError(f"the watch ended before {last}")


@pytest.mark.parametrize("number", [1_000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_many_events_delivered_twice_and_concurrently_act_once_on_each_of_fifty_pods(
    storm: Api, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    client = storm.someone("storms", needs(ACTIONS))
    plan = configuration(playbook(actions=ACTIONS, most_targets=PODS))
    generator = random.Random(50)
    # As if the nodes' clocks were ahead: an event that is older than its pod is about another one.
    events = [
        document(pod=VICTIMS[n % PODS], age=generator.uniform(-240, 0), output=str(n), fields={"k8s.ns.name": "storm"})
        for n in range(number)
    ]
    generator.shuffle(events)
    queue = [one for part in range(6) for one in deliveries(events[part::6])] * 2
    delivered = len(queue)
    generator.shuffle(queue)
    before = {pod.metadata.name: pod for pod in storm.admin.list(Pod, namespace="storm")}
    since = json.loads(storm.kubectl("get", "--raw", "/api/v1/namespaces/storm/pods"))["metadata"]["resourceVersion"]
    counted = [("POST", "networkpolicies"), ("PATCH", "pods")]
    counts = [requests(storm, *kind) for kind in counted]

    with moto_account(monkeypatch):
        account = Account(eks=client)
        for name, value in account.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(handler, "_configuration", lambda: plan)
        monkeypatch.setattr(handler, "_clients", lambda: account)
        said = list[dict[str, Any]]()

        def work() -> None:
            while queue:
                said.append(handler.handle(queue.pop(), LambdaContext(600)))

        workers = [threading.Thread(target=work) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert len(said) == delivered and sum(one["events"] for one in said) == 2 * number
        assert sum(one.get("done", 0) for one in said) == PODS * len(ACTIONS)
        assert not any(one["setAside"] or one.get("failed") for one in said)

        # What one invocation found another one at is looked at once more, and was done.
        assert account.poll(plan) == [] and account.messages("retries") == account.messages("dead") == []
        kept = Counter(key.rpartition("/")[0].split("/")[3] for key in account.objects("evidence/"))
        assert kept == dict.fromkeys(VICTIMS, 4), "each file of each pod once, in one version"
        assert len({key.rpartition("/")[0] for key in account.objects("evidence/")}) == PODS
        told = Counter(re.findall(r"pod eks/storm/(\S+), node", "\n".join(account.notices())))
        assert told == dict.fromkeys(VICTIMS, 1)

    assert [requests(storm, *kind) - count for kind, count in zip(counted, counts, strict=True)] == [PODS, PODS]
    uids = {name: pod.metadata.uid for name, pod in before.items()}
    last = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "spec": {"podSelector": {}}}
    storm.apply({**last, "metadata": {"name": "last", "namespace": "storm"}})
    storm.kubectl("label", "pod", OTHERS[0], "-n", "storm", "last=")
    names = [f"falco-firelens-isolated-{uids[name]}" for name in VICTIMS]
    added = dict.fromkeys((("ADDED", name) for name in names), 1)
    assert changes(storm, NetworkPolicy, since, "last") == added
    assert changes(storm, Pod, since, OTHERS[0]) == dict.fromkeys((("MODIFIED", name) for name in VICTIMS), 1)
    generations = {
        one.metadata.name: one.metadata.generation for one in storm.admin.list(NetworkPolicy, namespace="storm")
    }
    assert generations == dict.fromkeys([*names, "last"], 1)
    for pod in storm.admin.list(Pod, namespace="storm"):
        victim = pod.metadata.name in VICTIMS
        assert pod.metadata.labels.get(ISOLATED) == (uids[pod.metadata.name] if victim else None)
    assert ISOLATED not in storm.admin.get(Pod, "web-0", namespace="calm").metadata.labels
    assert list(storm.admin.list(NetworkPolicy, namespace="calm")) == []
