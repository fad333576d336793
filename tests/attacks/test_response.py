"""The attacker holds one cluster's shipping credentials, or makes pods in it: no answer, or one that hits others."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lightkube.resources.core_v1 import Node, Pod

from falco_firelens.responder.actions import notifications
from falco_firelens.responder.actions.context import Context
from falco_firelens.responder.actions.kubernetes import ISOLATED
from falco_firelens.responder.clients import MOST_BYTES
from falco_firelens.responder.commands import undo
from falco_firelens.responder.commands.explain import explain
from falco_firelens.responder.event import pack, parse_event
from falco_firelens.responder.outcome import Done
from tests.unit.responder.account import Account, deliver, moto_account
from tests.unit.responder.events import acting, configuration, document, playbook
from tests.unit.responder.large_pod import LINE, POD, POLICIES, respond
from tests.unit.responder.made_up_cluster import MadeUpCluster, OneCluster
from tests.unit.responder.test_webhooks import receiving
from tests.waiting import PATIENCE

LIMIT = 3
DONE, GONE = Done("isolated"), Done("the pod is gone", changed=False)
PLATFORMS = {"eks": "eks", "own": "kubernetes"}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with moto_account(monkeypatch):
        yield Account(eks=MadeUpCluster(), own=MadeUpCluster())


def answer(account: Account, cluster: str, *pods: str, **protect: list[str]) -> dict[str, Any]:
    """What the function says about events of pods of a cluster."""
    plan = configuration(playbook(actions=["isolate"], most_targets=LIMIT), **protect)
    events = [json.dumps(document(pod=pod, cluster=cluster, platform=PLATFORMS[cluster])) for pod in pods]
    return account.invocation(plan).answer_delivery(pack(events, f"{cluster}/node-1"))


def forged(number: int = LIMIT) -> list[str]:
    return [f"never-{one}" for one in range(number)]


def test_pods_that_never_existed_use_up_the_limit_of_those_that_do(account: Account) -> None:
    account.actions = acting(isolate=lambda context: GONE if context.target.name.startswith("never") else DONE)

    assert answer(account, "eks", *forged()) == {"events": LIMIT, "setAside": 0, "unchanged": LIMIT}
    assert answer(account, "eks", "web-0").get("done") == 1


def test_a_protected_workload_uses_up_the_limit_of_the_others(account: Account) -> None:
    account.actions = acting(isolate=lambda context: DONE)
    ledgers = [f"ledger-{one}" for one in range(LIMIT)]

    assert answer(account, "eks", *ledgers, workloads=["shop/ledger-*"]).get("protected") == LIMIT
    assert answer(account, "eks", "web-0", workloads=["shop/ledger-*"]).get("done") == 1


def test_one_cluster_uses_up_the_limit_of_another(account: Account) -> None:
    account.actions = acting(isolate=lambda context: DONE)

    assert answer(account, "eks", *(f"mine-{one}" for one in range(LIMIT + 1))).get("held back") == 1
    assert answer(account, "own", "web-0").get("done") == 1


def test_what_is_held_back_stays_unseen(account: Account, caplog: pytest.LogCaptureFixture) -> None:
    account.actions = acting(isolate=lambda context: DONE)
    answer(account, "eks", *(f"mine-{one}" for one in range(LIMIT + 2)))

    said = [getattr(record, "held_back", 0) for record in caplog.records]
    assert [number for number in said if number] == [2]


UNKNOWN: dict[str, dict[str, Any]] = {
    "null": {"k8s.ns.name": None, "k8s.pod.name": None},
    "empty": {"k8s.ns.name": "", "k8s.pod.name": ""},
    "not applicable": {"k8s.ns.name": "<NA>", "k8s.pod.name": "<NA>"},
    "a pod without a namespace": {"k8s.ns.name": None, "k8s.pod.name": "web-0"},
    "a namespace without a pod": {"k8s.ns.name": "shop", "k8s.pod.name": None},
    "no container id": {"container.id": None},
    "an empty container id": {"container.id": ""},
    "a container id that is not applicable": {"container.id": "<NA>"},
    "a host with a pod's uid": {"container.id": "host", "k8s.pod.uid": "3e41dc6b-08a8-44db-bc2a-3724b18ab19a"},
}
"""Events of which nobody can say that they are of the node itself."""

NODE_ACTIONS: dict[str, Any] = {
    "cordon": {},
    "taint": {"effect": "NoExecute"},
    "quarantine": {"securityGroupId": "sg-1"},
}


@pytest.mark.parametrize("name", UNKNOWN)
@pytest.mark.parametrize("protect", [{}, {"namespaces": ["payments"]}], ids=["unprotected", "protected"])
def test_an_event_of_a_container_of_no_known_pod_shuts_its_node(
    account: Account, name: str, protect: dict[str, list[str]]
) -> None:
    cluster = MadeUpCluster()
    account.clients = {"eks": cluster}
    plan = configuration(playbook(actions={**NODE_ACTIONS, "evidence": {}, "isolate": {}, "notify": {}}), **protect)
    found = document(pod=None, fields={"container.id": "3ad7b26ded6d", **UNKNOWN[name]})

    said = account.invocation(plan).answer_delivery(deliver(found))
    assert said == {"events": 1, "setAside": 0, "protected": 5, "done": 1}, "only the notice is done"
    assert cluster.asked == [] and "does not say which pod" in account.notices()[0]

    lines = list(explain(parse_event(json.dumps(found)), plan))
    assert any("it would only notify" in line for line in lines) and not any("cordon node" in line for line in lines)


def test_an_event_of_the_host_itself_is_answered_on_its_node(account: Account) -> None:
    cluster = MadeUpCluster()
    account.clients = {"eks": cluster}
    plan = configuration(playbook(actions=["cordon"]))

    assert account.invocation(plan).answer_delivery(deliver(document(pod=None)))["done"] == 1
    assert cluster.get(Node, "node-1").spec.unschedulable


def test_an_event_of_an_ecs_container_of_no_known_task_cuts_its_instance_off(account: Account) -> None:
    plan = configuration(playbook(actions={"quarantine": {"securityGroupId": "sg-1"}, "drainInstance": {}}))
    for identity in ("3ad7b26ded6d", None, ""):
        found = document(pod=None, cluster="jobs", platform="ecs", fields={"container.id": identity})
        said = account.invocation(plan).answer_delivery(deliver(found, stream="jobs/x"))
        assert said == {"events": 1, "setAside": 0, "protected": 2}


PROTECTED: dict[str, dict[str, list[str]]] = {
    "a namespace": {"namespaces": ["pay*"]},
    "a Deployment": {"workloads": ["payments/ledger"]},
    "a pod": {"workloads": ["payments/ledger-7d4b9c-x"]},
}


@pytest.mark.parametrize("name", PROTECTED)
@pytest.mark.parametrize("action", ["cordon", "taint", "quarantine"])
def test_an_action_on_a_node_disturbs_a_protected_pod_beside(account: Account, action: str, name: str) -> None:
    cluster = MadeUpCluster()
    cluster.run("shop/web-0")
    for number in range(30):
        cluster.run(f"shop/other-{number}")
    cluster.run("payments/ledger-7d4b9c-x", owner="ledger-7d4b9c", labels={"pod-template-hash": "7d4b9c"})
    account.clients = {"eks": cluster}
    plan = configuration(playbook(actions={"isolate": {}, action: NODE_ACTIONS[action]}), **PROTECTED[name])

    said = account.invocation(plan).answer_delivery(deliver(document()))
    assert said == {"events": 1, "setAside": 0, "done": 1, "protected": 1}, "its own pod is isolated anyway"
    node = cluster.get(Node, "node-1")
    assert not node.spec.unschedulable and not node.spec.taints

    found = parse_event(json.dumps(document()))
    lines = list(explain(found, plan, clients=OneCluster(cluster)))
    assert any(f"{action}: nothing, pod payments/ledger-7d4b9c-x runs on the node" in line for line in lines)
    assert any(f"{action} only if the cluster shows nothing" in line for line in explain(found, plan))


@pytest.mark.parametrize("action", ["isolate", "cordon", "evidence", "taint", "quarantine", "delete"])
def test_an_action_reaches_a_pod_that_is_protected_by_its_deployment(account: Account, action: str) -> None:
    cluster = MadeUpCluster()
    cluster.run("shop/web-0", owner="web-7d4b9c", labels={"pod-template-hash": "7d4b9c"})
    account.clients = {"eks": cluster}
    plan = configuration(playbook(actions={action: NODE_ACTIONS.get(action, {})}), workloads=["shop/web"])

    assert account.invocation(plan).answer_delivery(deliver(document())).get("protected") == 1
    assert not [one for one in cluster.asked if one.split()[0] in ("create", "patch", "delete", "log")]
    assert account.objects() == []


def test_a_protected_pod_that_comes_while_evidence_is_kept_is_evicted(account: Account) -> None:
    cluster = MadeUpCluster()
    cluster.run("shop/web-0")
    account.clients = {"eks": cluster}

    def slow(context: Context) -> Done:
        cluster.run("payments/ledger-0")
        return DONE

    account.actions = acting(evidence=slow)
    plan = configuration(playbook(actions=["cordon", "evidence", "taint"]), namespaces=["payments"])
    said = account.invocation(plan).answer_delivery(deliver(document()))
    assert said == {"events": 1, "setAside": 0, "done": 2, "protected": 1}
    assert not cluster.get(Node, "node-1").spec.taints


def test_pods_that_every_node_has_keep_no_node_from_being_contained(account: Account) -> None:
    """Those of `kube-system` and of the sensor are never touched, and only what a person protects protects its node."""
    cluster = MadeUpCluster()
    cluster.run("shop/web-0")
    cluster.run("kube-system/kube-proxy-x", owner="kube-proxy")
    cluster.run("falco/falco-x", owner="falco")
    cluster.run("payments/done-x").status.phase = "Succeeded"
    account.clients = {"eks": cluster}

    def cordoned(**protect: list[str]) -> bool:
        plan = configuration(playbook(actions=["cordon"]), **protect)
        return account.invocation(plan).answer_delivery(deliver(document())).get("done") == 1

    assert not cordoned(workloads=["kube-system/kube-proxy"])
    assert cordoned(namespaces=["payments"], workloads=["shop/ledger"])


def test_one_pod_that_is_named_on_every_node_shuts_all_of_them(account: Account) -> None:
    names = [f"node-{number}" for number in range(LIMIT + 3)]
    cluster = MadeUpCluster(*names)
    cluster.run("shop/web-0", node="node-0")
    account.clients = {"eks": cluster}
    plan = configuration(playbook(actions=["cordon"], most_targets=LIMIT))
    for name in names:
        found = document()
        found["cluster"]["node"] = name
        account.invocation(plan).answer_delivery(deliver(found, stream=f"eks/{name}"))

    assert sum(bool(cluster.get(Node, name).spec.unschedulable) for name in names) == LIMIT


def reported(account: Account, *events: dict[str, Any], seconds: float = 120, **protect: list[str]) -> int:
    """How many notices and findings these events make."""
    account.aws("securityhub").enable_security_hub()
    actions = ["isolate", "finding", "notify"]
    plan = configuration(playbook(actions=actions, most_targets=LIMIT), **protect)
    account.actions = acting(isolate=lambda context: GONE)
    for start in range(0, len(events), 50):
        account.invocation(plan, seconds).answer_delivery(deliver(*events[start : start + 50]))
    found = account.aws("securityhub").get_findings(MaxResults=100)["Findings"]
    assert len(found) == len(account.notices())
    return len(found)


def test_events_of_protected_pods_flood_people(account: Account) -> None:
    events = [document(pod=f"p-{number}", fields={"k8s.ns.name": "kube-system"}) for number in range(150)]
    assert reported(account, *events) == 1
    assert "nothing was done to 49 other targets for the same reason" in account.notices()[0]


def test_events_of_containers_of_no_known_pod_flood_people(account: Account) -> None:
    assert reported(account, *(document(pod=None, fields={"container.id": f"{n:012x}"}) for n in range(100))) == 1


def test_events_of_a_cluster_that_the_stack_does_not_have_flood_people(account: Account) -> None:
    plan = configuration(playbook(actions=["isolate", "notify"]))
    for number in range(5):
        cluster = f"gone-{number}"
        found = deliver(document(cluster=cluster), document(pod="web-1", cluster=cluster), stream=f"{cluster}/x")
        account.invocation(plan).answer_delivery(found)
    assert len(account.notices()) == 1


def test_events_of_pods_that_never_existed_flood_people(account: Account) -> None:
    assert reported(account, *(document(pod=name) for name in forged(60))) == LIMIT + 1


def test_events_of_made_up_pods_on_a_real_node_flood_people(account: Account) -> None:
    """The node is cordoned once, and that each event names it gives none of them a report of its own."""
    plan = configuration(playbook(actions=["isolate", "cordon", "notify"], most_targets=LIMIT))
    for name in forged(30):
        account.invocation(plan).answer_delivery(deliver(document(pod=name)))
    assert len(account.notices()) == 1 + LIMIT + 1, "the first, which cordoned, then up to the limit, then one for all"


def test_a_playbook_that_only_reports_floods_people(account: Account) -> None:
    plan = configuration(playbook(actions=["notify"], most_targets=LIMIT))
    said = account.invocation(plan).answer_delivery(deliver(*(document(pod=name) for name in forged(40))))
    assert len(account.notices()) == LIMIT + 1 and said["held back"] == 40 - LIMIT - 1


def test_the_report_of_one_case_delays_the_isolation_of_the_next(account: Account) -> None:
    order = list[str]()

    def note(name: str, done: Done) -> Callable[[Context], Done]:
        def act(context: Context) -> Done:
            order.append(f"{name} {context.target.name}")
            return done

        return act

    runs = {name: note(name, DONE) for name in ("isolate", "cordon", "evidence", "taint", "delete", "notify")}
    account.actions = acting(**runs)
    account.clients = {"eks": MadeUpCluster()}
    plan = configuration(playbook(actions=[*reversed(runs)]))
    account.invocation(plan).answer_delivery(deliver(document(), document(pod="web-1")))

    assert order == [
        "isolate web-0", "cordon node-1", "isolate web-1",
        "evidence web-0", "taint node-1", "delete web-0", "evidence web-1", "delete web-1",
        "notify web-0", "notify web-1",
    ]  # fmt: skip


def test_webhooks_that_hang_outlast_the_reserve(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of ten answers only when all of them have been asked: one after another they would all come too late."""
    monkeypatch.setattr(notifications, "WEBHOOK_SECONDS", PATIENCE)
    monkeypatch.setattr(notifications, "AFTER_RESERVE_SECONDS", PATIENCE)
    asked = threading.Barrier(10)
    with receiving() as receiver:
        receiver.before = lambda: asked.wait(PATIENCE)
        hooks = json.dumps([{"url": receiver.url(), "format": "json"}] * 10)
        account.aws("secretsmanager").create_secret(Name="hooks", SecretString=hooks)
        plan = configuration(playbook(actions=["notify"]))
        said = account.invocation(plan, WEBHOOKS_SECRET="hooks").answer_delivery(deliver(document()))
    assert said["done"] == 1 and len(receiver.got) == 10


@pytest.mark.parametrize(
    ("asked", "given"), [({}, 30), ({"gracePeriodSeconds": 5}, 5), ({"gracePeriodSeconds": 60}, 60)]
)
def test_a_pod_takes_as_long_to_end_as_its_author_has_written(
    account: Account, asked: dict[str, int], given: int
) -> None:
    cluster = MadeUpCluster()
    cluster.run("shop/web-0", terminationGracePeriodSeconds=86_400)
    account.clients = {"eks": cluster}
    account.invocation(configuration(playbook(actions={"delete": asked}))).answer_delivery(deliver(document()))
    assert f"delete Pod web-0 {given}" in cluster.asked


def test_a_pod_that_was_deleted_with_hours_to_go_stays(account: Account) -> None:
    cluster = MadeUpCluster()
    pod = cluster.run("shop/web-0", terminationGracePeriodSeconds=86_400)
    pod.metadata.deletionTimestamp, pod.metadata.deletionGracePeriodSeconds = datetime.now(UTC), 86_400
    account.clients = {"eks": cluster}
    account.invocation(configuration(playbook(actions=["delete"]))).answer_delivery(deliver(document()))
    assert "delete Pod web-0 30" in cluster.asked


def test_a_pod_frees_itself_by_taking_its_label_off(account: Account) -> None:
    cluster = MadeUpCluster()
    cluster.run("shop/web-0")
    account.clients = {"eks": cluster}
    plan = configuration(playbook(actions=["isolate", "notify"]))

    def isolated() -> bool:
        return ISOLATED in (cluster.get(Pod, "web-0", namespace="shop").metadata.labels or {})

    def again(output: str) -> dict[str, Any]:
        return account.invocation(plan).answer_delivery(deliver(document(output=output)))

    again("first")
    assert isolated() and again("second")["repeated"] == 2
    cluster.patch(Pod, "web-0", {"metadata": {"labels": {ISOLATED: None}}}, namespace="shop")
    assert again("third")["restored"] == 1 and isolated()
    assert len(account.notices()) == 2 and "isolate pod eks/shop/web-0: restored" in account.notices()[1]

    undo.isolate(cluster, "eks/shop/web-0")
    assert again("fourth")["repeated"] == 2 and not isolated(), "what a person has undone stays undone"


def test_a_target_passes_for_another_by_a_collision_of_md5(account: Account) -> None:
    account.actions = acting(isolate=lambda context: DONE)
    answer(account, "eks", "web-0")
    keys = [one["id"]["S"] for one in account.aws("dynamodb").scan(TableName="ledger")["Items"]]
    assert [len(key.rpartition("#")[2]) for key in keys if not key.startswith("rate#")] == [64]


def test_a_pod_of_forty_containers_is_never_isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has 10 MiB of log, as much as a kubelet keeps by default; the intruder is in the last of them."""
    ran = respond(tmp_path, monkeypatch, 40, LINE * (10 * 2**20 // len(LINE)), event_container=39)
    logs = [one for one in ran.asked if "/log" in one]

    assert ran.asked.index(f"POST {POLICIES}") < ran.asked.index(f"PATCH {POD}") < ran.asked.index(logs[0])
    assert ran.asked[-1] == f"DELETE {POD}" and ran.said == {"events": 1, "setAside": 0, "done": 4}
    assert ran.mebibytes < 256
    assert logs[0].endswith(" c39"), "the intruder's container comes first"
    assert len(logs) < 40 and sum(ran.files.values()) <= 101 * 2**20
    assert f"the logs of {40 - len(logs)} of 40 containers are missing" in ran.notice
    assert ran.pod["metadata"]["labels"] == {}, "as it was before"
    assert {one["value"] for container in ran.pod["spec"]["containers"] for one in container["env"]} == {"(not kept)"}


def test_a_log_of_one_line_takes_the_functions_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = respond(tmp_path, monkeypatch, 3, b"x" * (MOST_BYTES - 1))
    assert ran.mebibytes < 256 and ran.said["done"] == 4
