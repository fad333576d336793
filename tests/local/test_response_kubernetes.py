"""Each action and its undo against a real API server, with exactly the permissions that it needs, and with less."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from lightkube import ApiError
from lightkube.resources.core_v1 import Node, Pod
from lightkube.resources.networking_v1 import NetworkPolicy
from lightkube.types import PatchType
from moto import mock_aws

from falco_firelens.cli import main
from falco_firelens.responder.actions import protection
from falco_firelens.responder.actions.kubernetes import STATIC
from falco_firelens.responder.actions.registry import Need
from falco_firelens.responder.commands import undo
from falco_firelens.responder.environment import Environment
from falco_firelens.responder.marks import CORDONED, ISOLATED, TAINT
from falco_firelens.responder.permissions import needs
from falco_firelens.responder.responder import Responder
from falco_firelens.responder.work import Answer
from localcloud.cloud import LocalCloud
from tests.local.response import Api, TestClients
from tests.unit.responder.events import CLUSTERS, MemoryLedger, configuration, document, event, playbook
from tests.unit.responder.nodes import run_instance
from tests.waiting import PATIENCE, wait_for

pytestmark = pytest.mark.local
BUCKET = "evidence"
ACTING = ("evidence", "isolate", "delete", "cordon", "taint")


@pytest.fixture
def api(local_cloud: LocalCloud) -> Api:
    return Api(local_cloud.layout)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():

        def client(service: str) -> Any:
            return boto3.client(service, "eu-west-1")  # pyright: ignore[reportCallIssue, reportArgumentType]

        client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        yield client


def respond(
    aws: Any, client: Any, *actions: str, pod: str = "web-0", uid: str | None = None, age: float = 0.0, **protect: Any
) -> Answer:
    plan = configuration(playbook(actions=actions), **protect)
    one = Responder(plan, TestClients(aws, eks=client), MemoryLedger(), Environment(bucket=BUCKET))
    (answer,) = one.answer([event(pod=pod, fields={"k8s.ns.name": "shop", "k8s.pod.uid": uid}, age=age)])
    return answer


def state(answer: Answer) -> str:
    (outcome,) = answer.outcomes
    return outcome.state


@pytest.fixture
def shop(api: Api) -> Iterator[Api]:
    """Two pods with the same labels, and one of the same name in another namespace."""
    api.pods("shop/web-0", "shop/web-1", "other/web-0")
    yield api
    api.clear("shop")
    fresh = {"metadata": {"annotations": {CORDONED: None}}, "spec": {"unschedulable": None, "taints": []}}
    api.admin.patch(Node, "node-1", fresh, patch_type=PatchType.MERGE)


def test_an_isolated_pod_is_selected_and_nothing_else_is(shop: Api, aws: Any) -> None:
    client = shop.someone("isolates", needs(["isolate"]))
    answer = respond(aws, client, "isolate")
    assert state(answer) == "done"
    (policy,) = shop.admin.list(NetworkPolicy, namespace="shop")
    spec = policy.spec
    assert sorted(spec.policyTypes) == ["Egress", "Ingress"] and not spec.ingress and not spec.egress
    assert not spec.podSelector.matchExpressions
    selected = [
        (pod.metadata.namespace, pod.metadata.name)
        for pod in shop.admin.list(Pod, namespace="*", labels=spec.podSelector.matchLabels)
    ]
    assert selected == [("shop", "web-0")]
    assert state(respond(aws, client, "isolate")) == "unchanged"

    (undoing,) = answer.outcomes[0].undo
    assert undoing == "uvx falco-firelens undo isolate eks/shop/web-0"
    undo.isolate(shop.admin, "eks/shop/web-0")
    assert list(shop.admin.list(NetworkPolicy, namespace="shop")) == []
    assert shop.admin.get(Pod, "web-0", namespace="shop").metadata.labels == {"app": "web"}
    with pytest.raises(undo.NotUndoneError):
        undo.isolate(shop.admin, "eks/shop/web-0")


def test_isolation_that_was_cut_short_is_finished(shop: Api, aws: Any) -> None:
    pod = shop.admin.get(Pod, "web-0", namespace="shop")
    shop.kubectl("label", "pod", "web-0", "-n", "shop", f"{ISOLATED}={pod.metadata.uid}")
    assert state(respond(aws, shop.admin, "isolate")) == "done"
    assert len(list(shop.admin.list(NetworkPolicy, namespace="shop"))) == 1


def test_a_policy_that_still_allows_something_is_named(shop: Api, aws: Any) -> None:
    def policy(name: str, label: str) -> dict[str, Any]:
        return {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {"podSelector": {"matchLabels": {"app": label}}, "ingress": [{}], "policyTypes": ["Ingress"]},
        }

    shop.apply(policy("let-web-in", "web"), policy("let-others-in", "other"))
    for _ in range(2):
        detail = respond(aws, shop.admin, "isolate").outcomes[0].detail
        assert "still allow it some: let-web-in" in detail and "let-others-in" not in detail


def test_a_pod_on_its_nodes_network_is_told_not_to_be_cut_off(shop: Api, aws: Any) -> None:
    spec = {"hostNetwork": True, "nodeName": "node-1", "containers": [{"name": "main", "image": "nginx"}]}
    meta = {"name": "on-host", "namespace": "shop"}
    shop.apply({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})
    assert "which no NetworkPolicy reaches" in respond(aws, shop.admin, "isolate", pod="on-host").outcomes[0].detail
    assert "which no NetworkPolicy reaches" not in respond(aws, shop.admin, "isolate").outcomes[0].detail


def test_the_policy_goes_with_its_pod(shop: Api, aws: Any) -> None:
    assert state(respond(aws, shop.admin, "isolate")) == "done"
    assert state(respond(aws, shop.admin, "isolate", pod="web-1")) == "done"
    shop.kubectl("delete", "pod", "web-0", "-n", "shop", "--force", "--grace-period=0")

    def left() -> list[str]:
        found = shop.admin.list(NetworkPolicy, namespace="shop")
        return [one.metadata.annotations["falco-firelens/pod"] for one in found]

    wait_for(lambda: left() == ["web-1"], "the end of one policy")


def test_evidence_has_the_manifest_the_events_and_the_logs(shop: Api, aws: Any) -> None:
    answer = respond(aws, shop.someone("looks", needs(["evidence"])), "evidence")
    assert state(answer) == "done"
    s3 = aws("s3")
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert {key.rpartition("/")[2] for key in keys} == {"event.json", "pod.json", "events.json", "main.log"}
    assert all(key.startswith("evidence/eks/shop/web-0/") for key in keys)
    pod = next(key for key in keys if key.endswith("pod.json"))
    manifest = json.loads(s3.get_object(Bucket=BUCKET, Key=pod)["Body"].read())
    assert (manifest["metadata"]["name"], manifest["spec"]["nodeName"]) == ("web-0", "node-1")


def test_the_log_of_an_ephemeral_container_is_kept(shop: Api, aws: Any) -> None:
    shop.kubectl("debug", "web-1", "-n", "shop", "--image=busybox", "--container=intruder", "--attach=false")
    assert state(respond(aws, shop.admin, "evidence", pod="web-1")) == "done"
    keys = [one["Key"] for one in aws("s3").list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert {"main.log", "intruder.log"} <= {key.rpartition("/")[2] for key in keys}


def test_a_pod_is_deleted_and_one_that_took_its_name_is_not(shop: Api, aws: Any) -> None:
    client = shop.someone("deletes", needs(["delete"]))
    assert state(respond(aws, client, "delete", age=600)) == "unchanged", "the pod is younger than the event"
    assert shop.admin.get(Pod, "web-0", namespace="shop").metadata.deletionTimestamp is None
    assert state(respond(aws, client, "isolate", age=600)) == "unchanged"
    assert state(respond(aws, client, "delete", age=-1)) == "done"
    assert state(respond(aws, client, "delete", pod="never-was")) == "unchanged"


@pytest.mark.parametrize("action", ["delete", "isolate", "evidence"])
def test_a_pod_is_known_by_its_uid_where_the_event_tells_it(shop: Api, aws: Any, action: str) -> None:
    uid, another = shop.admin.get(Pod, "web-0", namespace="shop").metadata.uid, "3e41dc6b-08a8-44db-bc2a-3724b18ab19a"
    answer = respond(aws, shop.admin, action, uid=another, age=-1)
    assert list(shop.admin.list(NetworkPolicy, namespace="shop")) == []
    if action == "evidence":
        assert answer.outcomes[0].detail.startswith("2 files"), "the event, and that the pod is gone"
    else:
        assert state(answer) == "unchanged"
    found = shop.admin.get(Pod, "web-0", namespace="shop").metadata
    assert found.deletionTimestamp is None and found.labels == {"app": "web"}
    done = respond(aws, shop.admin, action, uid=uid, age=600)
    assert state(done) == "done", "a clock that is behind makes no difference"
    assert action != "evidence" or done.outcomes[0].detail.startswith("4 files")


def test_a_static_pod_is_known_by_the_uid_of_its_manifest(shop: Api, aws: Any) -> None:
    """Falco has it from the container runtime, to which the node gave it; the API server gives the mirror its own."""
    of_manifest = "d5f6c3a1b2e4f5061728394a5b6c7d8e"
    meta = {"name": "proxy-node-1", "namespace": "shop", "annotations": {STATIC: of_manifest}}
    spec = {"nodeName": "node-1", "containers": [{"name": "main", "image": "nginx"}]}
    shop.apply({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec})
    assert state(respond(aws, shop.admin, "isolate", pod="proxy-node-1", uid=of_manifest)) == "done"
    assert state(respond(aws, shop.admin, "isolate", pod="web-0", uid=of_manifest)) == "unchanged"


def test_a_node_is_cordoned_and_uncordoned(shop: Api, aws: Any) -> None:
    client = shop.someone("cordons", needs(["cordon"]))
    assert state(respond(aws, client, "cordon")) == "done"
    assert shop.admin.get(Node, "node-1").spec.unschedulable is True
    assert state(respond(aws, client, "cordon")) == "unchanged"
    assert respond(aws, client, "cordon").outcomes[0].undo == ("uvx falco-firelens undo cordon eks/node-1",)
    undo.cordon(shop.admin, "eks/node-1")
    assert not shop.admin.get(Node, "node-1").spec.unschedulable
    shop.kubectl("cordon", "node-1")
    with pytest.raises(undo.NotUndoneError):
        undo.cordon(shop.admin, "eks/node-1")


def test_a_node_is_tainted_beside_its_other_taints_and_left_with_those(shop: Api, aws: Any) -> None:
    shop.kubectl("taint", "node", "node-1", "team=a:NoSchedule", "--overwrite")
    client = shop.someone("taints", needs(["taint"]))
    assert state(respond(aws, client, "taint")) == "done"
    assert {one.key for one in shop.admin.get(Node, "node-1").spec.taints} == {"team", TAINT["key"]}
    assert state(respond(aws, client, "taint")) == "unchanged"
    undo.taint(shop.admin, "eks/node-1")
    assert [one.key for one in shop.admin.get(Node, "node-1").spec.taints] == ["team"]
    shop.kubectl("taint", "node", "node-1", "team-")


def test_nodes_of_the_control_plane_are_never_touched(shop: Api, aws: Any) -> None:
    shop.kubectl("label", "node", "node-1", "node-role.kubernetes.io/control-plane=")
    answer = respond(aws, shop.admin, "cordon", "taint")
    assert [outcome.state for outcome in answer.outcomes] == ["protected", "protected"]
    shop.kubectl("label", "node", "node-1", "node-role.kubernetes.io/control-plane-")


@pytest.mark.parametrize("action", ["cordon", "taint"])
def test_a_node_with_a_protected_pod_is_not_touched(
    shop: Api, aws: Any, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    """Whatever the page of the API server's answer that the pod is on."""
    monkeypatch.setattr(protection, "PAGE", 1)
    client = shop.someone("guards", needs([action], protects=True))
    for protect in ({"namespaces": ["othe?"]}, {"workloads": ["other/web-0"]}):
        answer = respond(aws, client, action, **protect)
        assert state(answer) == "protected" and "pod other/web-0 runs on the node" in answer.outcomes[0].detail
    assert state(respond(aws, client, action, namespaces=["elsewhere"], workloads=["other/ledger"])) == "done"


def test_an_isolated_pod_whose_label_was_taken_off_is_isolated_again(shop: Api, aws: Any) -> None:
    plan = configuration(playbook(actions=["isolate"]))
    clients = TestClients(aws, eks=shop.someone("isolates", needs(["isolate"])))
    one = Responder(plan, clients, MemoryLedger(), Environment())

    def answer(output: str) -> str:
        (found,) = one.answer([event(fields={"k8s.ns.name": "shop"}, age=-1, output=output)])
        return "repeated" if found.outcomes[0].repeated else state(found)

    assert [answer("1"), answer("2")] == ["done", "repeated"]
    shop.kubectl("label", "pod", "web-0", "-n", "shop", f"{ISOLATED}-")
    assert [answer("3"), answer("4")] == ["restored", "repeated"]
    undo.isolate(shop.admin, "eks/shop/web-0")
    assert answer("5") == "repeated" and ISOLATED not in shop.admin.get(Pod, "web-0", namespace="shop").metadata.labels


def test_a_pod_that_is_being_deleted_slowly_is_deleted_soon(shop: Api, aws: Any) -> None:
    """Its node is none of the cluster's, so that no kubelet ends it at once."""
    containers = [{"name": "main", "image": "nginx"}]
    spec = {"terminationGracePeriodSeconds": 86_400, "nodeName": "nowhere", "containers": containers}
    shop.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "slow", "namespace": "shop"}, "spec": spec})
    shop.admin.delete(Pod, "slow", namespace="shop")
    assert shop.admin.get(Pod, "slow", namespace="shop").metadata.deletionGracePeriodSeconds == 86_400

    client = shop.someone("deletes", needs(["delete"]))
    assert state(respond(aws, client, "delete", pod="slow", age=-1)) == "done"
    assert shop.admin.get(Pod, "slow", namespace="shop").metadata.deletionGracePeriodSeconds == 30
    assert state(respond(aws, client, "delete", pod="slow", age=-1)) == "unchanged"


def test_a_pod_is_protected_by_its_deployments_name(shop: Api, aws: Any) -> None:
    shop.kubectl("create", "deployment", "ledger", "-n", "shop", "--image=x")
    shop.kubectl("rollout", "status", "deployment/ledger", "-n", "shop", f"--timeout={PATIENCE}s")
    pod = shop.kubectl("get", "pod", "-n", "shop", "-l", "app=ledger", "-o", "jsonpath={.items[0].metadata.name}")
    assert state(respond(aws, shop.admin, "isolate", pod=pod, workloads=["shop/ledger"])) == "protected"
    assert state(respond(aws, shop.admin, "isolate", pod=pod, workloads=["shop/led"])) == "done"
    shop.kubectl("delete", "deployment", "ledger", "-n", "shop")


def test_the_instance_of_a_kubernetes_node_is_quarantined_and_given_back(shop: Api, aws: Any) -> None:
    ec2 = aws("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]
    made = run_instance(aws, subnet["VpcId"], {"eks:cluster-name": "eks"})
    instance, real = made["InstanceId"], made["PrivateDnsName"]
    closed = ec2.create_security_group(GroupName="closed", Description="none", VpcId=subnet["VpcId"])["GroupId"]
    for name, provider in {real: f"aws:///eu-west-1a/{instance}", "elsewhere": "kind://docker/x"}.items():
        shop.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": {"providerID": provider}})

    def groups() -> list[str]:
        filters = [{"Name": "attachment.instance-id", "Values": [instance]}]
        (one,) = ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
        return [group["GroupId"] for group in one["Groups"]]

    def quarantine(node: str) -> Answer:
        plan = configuration(playbook(actions={"quarantine": {"securityGroupId": closed}}))
        clients = TestClients(aws, eks=shop.someone("quarantines", needs(["quarantine"])))
        found = event(pod=None)
        found = replace(found, node=node, raw={**found.raw, "cluster": {**found.raw["cluster"], "node": node}})
        (answer,) = Responder(plan, clients, MemoryLedger(), Environment()).answer([found])
        return answer

    before = groups()
    answer = quarantine(real)
    assert state(answer) == "done" and groups() == [closed] != before
    assert answer.outcomes[0].undo == (f"uvx falco-firelens undo quarantine eks/{instance}",)
    assert state(quarantine(real)) == "unchanged"
    undo.quarantine(aws, f"eks/{instance}")
    assert groups() == before
    assert "is not an EC2 instance" in quarantine("elsewhere").outcomes[0].detail
    shop.kubectl("delete", "node", real, "elsewhere")
    assert quarantine(real).outcomes[0].detail == "the node is gone" and groups() == before


LESS = [(action, need) for action in ACTING for need in sorted(needs([action], protects=True))]


@pytest.mark.parametrize(("action", "need"), LESS, ids=["-".join((a, n[1].replace("/", "."), n[2])) for a, n in LESS])
def test_with_any_permission_less_the_action_is_refused(shop: Api, aws: Any, action: str, need: Need) -> None:
    whole = needs([action], protects=True)
    client = shop.someone("lacks", whole)
    shop.allow("lacks", whole - {need})
    shop.until("lacks", need, allowed=False)
    answer = respond(aws, client, action, workloads=["shop/ledger"])
    assert state(answer) == "failed"
    assert "forbidden" in answer.outcomes[0].detail


def test_labels_are_looked_up(shop: Api, aws: Any) -> None:
    plan = configuration(playbook(actions=["isolate"], match={"labels": {"app": "web"}}))
    client = shop.someone("labels", needs(["isolate"], labels=True))
    one = Responder(plan, TestClients(aws, eks=client), MemoryLedger(), Environment(bucket=BUCKET))
    found = [event(pod=name, fields={"k8s.ns.name": "shop"}) for name in ("web-0", "web-9")]
    assert [str(answer.case.subject) for answer in one.answer(found)] == ["pod eks/shop/web-0"]


def test_a_person_explains_and_undoes_in_the_cluster_of_the_notice(
    shop: Api, aws: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the context that is called as the cluster, though another one is current."""
    files = [str(shop.layout.kubeconfig(name)) for name in ("selfmanaged", "eks")]
    monkeypatch.setenv("KUBECONFIG", ":".join(files))
    plan = {"playbooks": [playbook(match={"labels": {"app": "web"}})], "clusters": CLUSTERS}
    config, found = tmp_path / "response.json", tmp_path / "event.json"
    config.write_text(json.dumps(plan))
    for pod, last in {"web-0": "isolate pod eks/shop/web-0", "web-9": "no playbook answers this event"}.items():
        found.write_text(json.dumps(document(pod=pod)))
        assert main(["explain", str(found), "--config", str(config), "--context", "eks"]) == 0
        assert last in capsys.readouterr().out
    (command,) = respond(aws, shop.admin, "isolate").outcomes[0].undo
    assert main(command.removeprefix("uvx falco-firelens ").split()) == 0
    assert capsys.readouterr().out == "eks/shop/web-0 has its network back\n"
    assert main(command.removeprefix("uvx falco-firelens ").split()) == 1
    assert capsys.readouterr().err == "error: eks/shop/web-0 is not isolated\n"


def test_an_api_that_is_down_costs_one_try_and_all_is_to_be_tried_again(shop: Api, aws: Any) -> None:
    from falco_firelens.responder.clients import connect

    down = connect(**{**shop.access("token"), "server": "https://127.0.0.1:1"})
    plan = configuration(playbook(actions=["isolate"]))
    one = Responder(plan, TestClients(aws, eks=down), MemoryLedger(), Environment())
    answers = list(one.answer([event(pod=f"web-{n}") for n in range(3)]))
    assert [answer.failed for answer in answers] == [("isolate",)] * 3
    assert sum("does not answer" in answer.outcomes[0].detail for answer in answers) == 2


def test_a_stale_token_is_refused_and_told_as_that(shop: Api, aws: Any) -> None:
    from falco_firelens.responder.clients import connect

    answer = respond(aws, connect(**shop.access("not-a-token")), "isolate")
    assert state(answer) == "failed"
    assert ApiError.__name__ in answer.outcomes[0].detail
