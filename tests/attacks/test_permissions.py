"""The attacker holds the response function's role, or writes Nodes in one cluster, and wants what no playbook does.

AWS is moto; what a permission to write in a cluster is worth is asked of a real API server, with the role and the
admission policy of the stack.
"""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from lightkube import ApiError
from lightkube.models.meta_v1 import LabelSelector, ObjectMeta
from lightkube.models.networking_v1 import NetworkPolicySpec
from lightkube.resources.core_v1 import Namespace, Node, Pod, PodEphemeralcontainers, PodEviction, Secret
from lightkube.resources.networking_v1 import NetworkPolicy
from lightkube.types import PatchType

from falco_firelens.responder.actions.ec2 import CONTROL_PLANE_TAGS
from falco_firelens.responder.actions.kubernetes import deny_all
from falco_firelens.responder.actions.registry import ACTIONS, Need
from falco_firelens.responder.clients import AwsClients, connect
from falco_firelens.responder.configuration import Cluster
from falco_firelens.responder.event import pack
from falco_firelens.responder.guards import CONTROL_PLANE, NAMESPACES
from falco_firelens.responder.marks import CORDONED, ISOLATED, ISOLATING, TAINT
from falco_firelens.responder.permissions import needs
from falco_firelens.responder.targets import Target
from localcloud.cloud import LocalCloud
from tests.local.response import Api
from tests.unit.responder.account import Account, moto_account
from tests.unit.responder.events import configuration, document, playbook
from tests.unit.responder.nodes import NodeApi, run_instance
from tests.waiting import wait_for

BY_POLICY = "ValidatingAdmissionPolicy"
POD, NODE = "victim", "node-2"

Patch = dict[str, Any]

CLUSTER_TAG = "kubernetes.io/cluster/"
OURS = {"eks:cluster-name": "eks", f"{CLUSTER_TAG}eks": "owned"}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with moto_account(monkeypatch):
        yield Account()


class Ground:
    """A VPC with a quarantine group, in which instances of many owners are."""

    def __init__(self, account: Account) -> None:
        self.account, ec2 = account, account.aws("ec2")
        self.vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        self.closed = ec2.create_security_group(GroupName="closed", Description="-", VpcId=self.vpc)["GroupId"]

    def cut_off(self, instance: dict[str, Any], node: str, cluster: str = "eks", platform: str = "eks") -> str:
        """What an event of a Node with the provider id of an instance leads to; the instance's group says whether."""
        before = self.groups(instance)
        self.account.clients[cluster] = NodeApi(node, instance["InstanceId"])
        plan = configuration(playbook(actions={"quarantine": {"securityGroupId": self.closed}}))
        found = document(pod=None, cluster=cluster, platform=platform)
        found["cluster"]["node"] = node
        said = self.account.invocation(plan).answer_delivery(pack([json.dumps(found)], f"{cluster}/{node}"))
        (state,) = said.keys() - {"events", "setAside"}
        assert (self.groups(instance) == [self.closed] != before) is (state == "done")
        return state

    def groups(self, instance: dict[str, Any]) -> list[str]:
        filters = [{"Name": "attachment.instance-id", "Values": [instance["InstanceId"]]}]
        (one,) = self.account.aws("ec2").describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
        return [group["GroupId"] for group in one["Groups"]]


DATABASES: dict[str, dict[str, str]] = {
    "that nobody has tagged": {},
    "of another cluster": {"eks:cluster-name": "bank", f"{CLUSTER_TAG}bank": "owned"},
    "of a cluster whose name begins alike": {f"{CLUSTER_TAG}eks-bank": "owned"},
    "with a tag of another value": {f"{CLUSTER_TAG}eks": "no"},
    # EKS sets this on whatever a Node names.
    "that EKS has tagged because of the Node": {"aws:eks:cluster-name": "eks"},
}


@pytest.mark.parametrize("tags", DATABASES.values(), ids=DATABASES)
def test_a_node_object_cuts_off_a_database(account: Account, tags: dict[str, str]) -> None:
    """The attacker writes Nodes in one cluster: any name, with the provider id of any instance."""
    ground = Ground(account)
    database = run_instance(account.aws, ground.vpc, tags)
    assert ground.cut_off(database, database["PrivateDnsName"]) == "protected"
    assert ground.cut_off(database, database["InstanceId"]) == "protected"


def test_a_node_object_cuts_off_another_node_than_it_names(account: Account) -> None:
    ground = Ground(account)
    node = run_instance(account.aws, ground.vpc, OURS)
    assert ground.cut_off(node, "evil-node") == "protected"
    assert ground.cut_off(node, node["PrivateDnsName"]) == "done"


@pytest.mark.parametrize("tag", CONTROL_PLANE_TAGS)
def test_a_second_node_object_cuts_off_the_control_plane(account: Account, tag: str) -> None:
    ground = Ground(account)
    tags = {f"{CLUSTER_TAG}own": "owned", tag: CONTROL_PLANE_TAGS[tag]}
    control_plane = run_instance(account.aws, ground.vpc, tags)
    assert ground.cut_off(control_plane, control_plane["InstanceId"], "own", "kubernetes") == "protected"


@pytest.mark.parametrize(
    ("platform", "tags"),
    [
        ("eks", {"eks:cluster-name": "eks"}),
        ("eks", {"eks:eks-cluster-name": "eks"}),
        ("eks", {f"{CLUSTER_TAG}eks": "owned"}),
        ("kubernetes", {f"{CLUSTER_TAG}own": "owned"}),
        ("kubernetes", {f"{CLUSTER_TAG}own": "shared"}),
    ],
)
def test_a_node_hides_from_its_quarantine(account: Account, platform: str, tags: dict[str, str]) -> None:
    """What the checks may not cost: nodes as EKS, Karpenter, kOps and Cluster API tag them are moved."""
    ground = Ground(account)
    node = run_instance(account.aws, ground.vpc, tags)
    cluster = "eks" if platform == "eks" else "own"
    assert ground.cut_off(node, node["PrivateDnsName"], cluster, platform) == "done"


def test_an_eks_tag_proves_a_node_of_another_kind_of_cluster(account: Account) -> None:
    ground = Ground(account)
    node = run_instance(account.aws, ground.vpc, {"eks:cluster-name": "own"})
    assert ground.cut_off(node, node["PrivateDnsName"], "own", "kubernetes") == "protected"


def test_one_cluster_is_reached_as_another_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """An EKS cluster may be called in AWS as one of another platform is called in the stack."""
    connected: list[str] = []
    clients = AwsClients()
    monkeypatch.setattr("falco_firelens.responder.clients.connect", lambda server: connected.append(server) or server)
    monkeypatch.setattr(clients, "_access", lambda cluster: {"server": cluster.platform})
    shop = [Cluster("eks", "shop"), Cluster("kubernetes", "shop", "f/shop")]
    assert [clients.kubernetes(one) for one in (*shop, *shop)] == ["eks", "kubernetes"] * 2
    assert connected == ["eks", "kubernetes"]


@pytest.fixture(scope="module")
def api(local_cloud: LocalCloud) -> Iterator[Api]:
    """A pod in an ordinary namespace, and one in each that is protected."""
    api = Api(local_cloud.layout)
    there = {one.metadata.name for one in api.admin.list(Namespace)}
    made = [one for one in (*NAMESPACES, "shop") if one not in there]
    api.pods(*(f"{namespace}/{POD}" for namespace in (*NAMESPACES, "shop")))
    yield api
    for namespace in (*NAMESPACES, "shop"):
        api.clear(namespace)
    for namespace in made:
        api.admin.delete(Namespace, namespace)
    wait_for(lambda: not {one.metadata.name for one in api.admin.list(Namespace)} & {*made}, "the end of namespaces")


@pytest.fixture
def attacker(api: Api) -> Iterator[Any]:
    """The function's own permissions, of a stack whose playbooks have every action."""
    fresh = {"metadata": {"annotations": {CORDONED: None}}, "spec": {"unschedulable": None}}
    yield api.someone("attacker", needs(ACTIONS))
    api.admin.patch(Node, NODE, fresh, patch_type=PatchType.MERGE)


def refused(act: Callable[[], Any], by: str = BY_POLICY) -> None:
    with pytest.raises(ApiError) as caught:
        act()
    assert (caught.value.status.code, by in str(caught.value)) == (403, True), str(caught.value)


def patch_pod(client: Any, patch: Patch, namespace: str = "shop") -> Any:
    return client.patch(Pod, POD, patch, namespace=namespace)


def patch_node(client: Any, patch: Patch) -> Any:
    return client.patch(Node, NODE, patch, patch_type=PatchType.MERGE)


def uid(api: Api, namespace: str = "shop") -> str:
    return api.admin.get(Pod, POD, namespace=namespace).metadata.uid


def labelled(value: str | None) -> Patch:
    return {"metadata": {"labels": {ISOLATED: value}}}


OWNER = {"apiVersion": "v1", "kind": "Pod", "name": "another", "uid": "0"}
EVIL = {"spec": {"containers": [{"name": "main", "image": "evil"}]}}
PODS: dict[str, Patch] = {
    "its code in the pod": EVIL,
    "the pod killed": {"spec": {"activeDeadlineSeconds": 1}},
    "the pod under another service": {"metadata": {"labels": {"app": "bank"}}},
    "the pod out of its service": {"metadata": {"labels": {"app": None}}},
    "one more label": {"metadata": {"labels": {"team": "red"}}},
    "an annotation": {"metadata": {"annotations": {"iam.amazonaws.com/role": "admin"}}},
    "the pod deleted with another one": {"metadata": {"ownerReferences": [OWNER]}},
    "a pod that cannot be deleted": {"metadata": {"finalizers": ["red/never"]}},
    "a pod of another pod's NetworkPolicy": labelled("another"),
}
NODES: dict[str, Patch] = {
    "the pods of other nodes": {"metadata": {"labels": {"dedicated": "bank"}}},
    "an annotation": {"metadata": {"annotations": {"csi.volume.kubernetes.io/nodeid": "{}"}}},
    "the node as another machine": {"spec": {"providerID": "aws:///eu-west-1a/i-0123456789abcdef0"}},
    "a taint that nobody undoes": {"spec": {"taints": [{"key": "red", "effect": "NoExecute"}]}},
    "a node that cannot be deleted": {"metadata": {"finalizers": ["red/never"]}},
    "the node deleted with a pod": {"metadata": {"ownerReferences": [OWNER]}},
}


@pytest.mark.local
@pytest.mark.parametrize("patch", PODS.values(), ids=PODS)
def test_a_pod_is_changed(api: Api, attacker: Any, patch: Patch) -> None:
    refused(lambda: patch_pod(attacker, patch))
    refused(lambda: patch_pod(attacker, {**labelled(uid(api)), **patch} if "spec" in patch else patch))
    assert patch_pod(api.admin, {"metadata": {"annotations": {"by": "somebody else"}}}), "nobody else is refused"


@pytest.mark.local
def test_an_isolated_pod_has_its_network_back(api: Api, attacker: Any) -> None:
    assert patch_pod(attacker, labelled(uid(api))).metadata.labels[ISOLATED] == uid(api), "what `isolate` does"
    refused(lambda: patch_pod(attacker, labelled(None)))
    refused(lambda: patch_pod(attacker, labelled("another")))


@pytest.mark.local
@pytest.mark.parametrize("patch", NODES.values(), ids=NODES)
def test_a_node_is_changed(attacker: Any, patch: Patch) -> None:
    refused(lambda: patch_node(attacker, patch))


@pytest.mark.local
def test_a_node_takes_new_pods_again(api: Api, attacker: Any) -> None:
    """Cordoning and tainting is what playbooks do; to undo it is a person's."""
    assert patch_node(attacker, {"metadata": {"annotations": {CORDONED: "true"}}, "spec": {"unschedulable": True}})
    refused(lambda: patch_node(attacker, {"spec": {"unschedulable": None}}))
    api.kubectl("taint", "node", NODE, "team=a:NoSchedule", "--overwrite")
    before = [{"key": "team", "value": "a", "effect": "NoSchedule"}]
    before += [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]
    wait_for(lambda: len(api.admin.get(Node, NODE).spec.taints) == len(before), "the taint of a cordoned node")
    refused(lambda: patch_node(attacker, {"spec": {"taints": [TAINT]}}))
    assert patch_node(attacker, {"spec": {"taints": [*before, {**TAINT, "effect": "NoExecute"}]}})
    refused(lambda: patch_node(attacker, {"spec": {"taints": before}}))
    api.admin.patch(Node, NODE, {"spec": {"taints": []}}, patch_type=PatchType.MERGE)


@pytest.mark.local
@pytest.mark.parametrize("label", CONTROL_PLANE)
def test_the_control_plane_takes_no_pods(api: Api, attacker: Any, label: str) -> None:
    api.kubectl("label", "node", NODE, f"{label}=")
    refused(lambda: patch_node(attacker, {"spec": {"unschedulable": True}}))
    api.kubectl("label", "node", NODE, f"{label}-")


@pytest.mark.local
@pytest.mark.parametrize("namespace", NAMESPACES)
def test_something_is_written_in_a_protected_namespace(api: Api, attacker: Any, namespace: str) -> None:
    mine = uid(api, namespace)
    refused(lambda: patch_pod(attacker, labelled(mine), namespace))
    refused(lambda: attacker.delete(Pod, POD, namespace=namespace))
    refused(lambda: attacker.create(deny_all(Target("pod", "eks", POD, namespace, mine), mine)))
    assert attacker.get(Pod, POD, namespace=namespace), "reads stay"


POLICIES: dict[str, tuple[str, NetworkPolicySpec]] = {
    "no traffic in a namespace": (f"{ISOLATING}1", NetworkPolicySpec(podSelector=LabelSelector())),
    "no traffic of a service": (
        f"{ISOLATING}1",
        NetworkPolicySpec(podSelector=LabelSelector(matchLabels={"app": "x"})),
    ),
    "traffic for an isolated pod": (
        f"{ISOLATING}1",
        NetworkPolicySpec(podSelector=LabelSelector(matchLabels={ISOLATED: "1"}), ingress=[{}]),  # pyright: ignore[reportArgumentType]
    ),
    "a policy that looks like another's": (
        "allow-all",
        NetworkPolicySpec(podSelector=LabelSelector(matchLabels={ISOLATED: "1"})),
    ),
}


@pytest.mark.local
@pytest.mark.parametrize(("name", "spec"), POLICIES.values(), ids=POLICIES)
def test_a_network_policy_does_anything_else(attacker: Any, name: str, spec: NetworkPolicySpec) -> None:
    policy = NetworkPolicy(metadata=ObjectMeta(name=name, namespace="shop"), spec=spec)
    refused(lambda: attacker.create(policy))


@pytest.mark.local
def test_a_pod_is_deleted_where_playbooks_may(api: Api, attacker: Any) -> None:
    """The bound of what holds: `delete` is a playbook's, in every namespace that is not protected."""
    api.pods("shop/another")
    attacker.delete(Pod, "another", namespace="shop", grace_period=0)


@pytest.mark.local
def test_a_token_works_on_after_its_secret_was_deleted(api: Api) -> None:
    """Outside EKS the function's token never expires; this is how docs/response.md ends it."""
    account = {"name": "responder", "namespace": "shop"}
    named = {**account, "annotations": {"kubernetes.io/service-account.name": account["name"]}}
    kind = "kubernetes.io/service-account-token"
    api.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account},
        {"apiVersion": "v1", "kind": "Secret", "metadata": named, "type": kind},
    )
    filled = wait_for(lambda: api.admin.get(Secret, "responder", namespace="shop").data, "the token")
    stolen = connect(**api.access(base64.b64decode(filled["token"]).decode()))
    with pytest.raises(ApiError, match="forbidden"):
        stolen.get(Pod, POD, namespace="shop")
    api.admin.delete(Secret, "responder", namespace="shop")

    def status() -> int:
        with pytest.raises(ApiError) as caught:
            stolen.get(Pod, POD, namespace="shop")
        return caught.value.status.code or 0

    # API servers keep what they know of a token for ten seconds.
    wait_for(lambda: status() == 401, "the end of the token")


MORE: dict[str, tuple[Need, Callable[[Any], Any]]] = {
    "a new pod": (
        ("", "pods", "create"),
        lambda client: client.create(Pod(metadata=ObjectMeta(name="new", namespace="shop"), spec=EVIL["spec"])),  # pyright: ignore[reportArgumentType]
    ),
    "a shell in a pod": (
        ("", "pods/ephemeralcontainers", "patch"),
        lambda client: client.patch(
            PodEphemeralcontainers,
            POD,
            {"spec": {"ephemeralContainers": [{"name": "shell", "image": "evil"}]}},
            namespace="shop",
        ),
    ),
    "a pod evicted": (
        ("", "pods/eviction", "create"),
        lambda client: client.create(PodEviction(metadata=ObjectMeta(name=POD)), POD, namespace="shop"),
    ),
    "no node": (("", "nodes", "delete"), lambda client: client.delete(Node, NODE)),
    "every pod deleted at once": (
        ("", "pods", "deletecollection"),
        lambda client: client.deletecollection(Pod, namespace="kube-system"),
    ),
    "no NetworkPolicy": (
        ("networking.k8s.io", "networkpolicies", "delete"),
        lambda client: client.delete(NetworkPolicy, f"{ISOLATING}0", namespace="shop"),
    ),
}


@pytest.mark.local
@pytest.mark.parametrize(("need", "act"), MORE.values(), ids=MORE)
def test_a_permission_that_somebody_adds_is_worth_something(api: Api, need: Need, act: Callable[[Any], Any]) -> None:
    mine = deny_all(Target("pod", "eks", POD, "shop", "0"), "0")
    mine.metadata.ownerReferences = None  # pyright: ignore[reportOptionalMemberAccess]
    api.admin.apply(mine, field_manager="tests", force=True)
    refused(lambda: act(api.someone("more", {need})))
