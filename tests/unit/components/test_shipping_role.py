import json
from fnmatch import fnmatchcase
from typing import Any

import pytest

from falco_firelens.settings.stack import MOST_CLUSTERS
from tests.unit.components.cloud import ACCOUNT, KUBECONFIG, Deployed, Registered, deploy
from tests.unit.components.stacks import EKS, OWN, WAREHOUSE, account, ecs, eks

GROUP = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/falco/events"


def policy(stack: Deployed, cluster: str) -> dict[str, Any]:
    (statement,) = json.loads(stack.one("RolePolicy", f"{cluster}-shipping").inputs["policy"])["Statement"]
    return statement


def for_sensors(stack: Deployed, kind: str) -> list[Registered]:
    """Return the resources of a kind but those of the function that watches the sensors."""
    return [item for item in stack.of(kind) if item.name != "watch"]


def trust(stack: Deployed, cluster: str) -> dict[str, Any]:
    (statement,) = json.loads(stack.one("Role", f"{cluster}-shipping").inputs["assumeRolePolicy"])["Statement"]
    return statement


def test_a_sensor_may_write_its_own_streams_and_do_nothing_else(created: Deployed) -> None:
    for cluster in ("web", "jobs", "own"):
        statement = policy(created, cluster)
        assert statement["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
        assert statement["Resource"] == f"{GROUP}:log-stream:{cluster}/*"


@pytest.mark.parametrize("stream", ["web2/node", "webnode", "api/web/node"])
def test_a_sensor_may_not_write_the_streams_of_another_cluster(created: Deployed, stream: str) -> None:
    pattern = policy(created, "web")["Resource"]
    assert fnmatchcase(f"{GROUP}:log-stream:web/node", pattern)
    assert not fnmatchcase(f"{GROUP}:log-stream:{stream}", pattern)


def test_pod_identity_is_for_one_service_account_of_one_cluster(adopted: Deployed) -> None:
    statement = trust(adopted, "pods")
    assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert statement["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    assert statement["Condition"]["StringEquals"] == {
        "aws:RequestTag/eks-cluster-arn": f"arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/Prod_1",
        "aws:RequestTag/kubernetes-namespace": "falco",
        "aws:RequestTag/kubernetes-service-account": "fluent-bit",
    }
    association = adopted.one("PodIdentityAssociation", "pods-shipping").inputs
    assert association["clusterName"] == "Prod_1"
    assert (association["namespace"], association["serviceAccount"]) == ("falco", "fluent-bit")
    assert association["roleArn"].endswith(":pods-shipping")
    assert len(adopted.of("PodIdentityAssociation")) == 1


def test_a_created_cluster_trusts_the_arn_that_it_will_have(created: Deployed) -> None:
    conditions = trust(created, "web")["Condition"]["StringEquals"]
    assert conditions["aws:RequestTag/eks-cluster-arn"] == f"arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/web"


def test_an_association_comes_after_the_control_plane_and_settles_while_the_nodes_start(created: Deployed) -> None:
    association = created.one("PodIdentityAssociation", "web-shipping")
    before = created.before(association)
    assert created.one("eks:index:Cluster", "web").urn in before
    assert created.one("NodeGroup", "web_default").urn not in before
    assert association.after_create == ("web-shipping-settled",)


@pytest.mark.parametrize("origin", ["created", "existing"])
def test_irsa_is_for_one_service_account_and_one_audience(origin: str) -> None:
    keys: dict[str, object] = {"permission": "irsa"}
    if origin == "existing":
        keys["existing"] = {"name": "Prod_2"}
    stack = deploy(eks(**keys), account())
    host = f"oidc.example/id/{'web' if origin == 'created' else 'Prod_2'}"
    statement = trust(stack, "web")
    assert statement["Principal"] == {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"}
    assert statement["Condition"] == {
        "StringEquals": {f"{host}:aud": "sts.amazonaws.com", f"{host}:sub": "system:serviceaccount:falco:fluent-bit"}
    }
    annotations = stack.one("ServiceAccount", "web-sensor-fluent-bit").inputs["metadata"]["annotations"]
    assert annotations["eks.amazonaws.com/role-arn"].endswith(":web-shipping")
    others = stack.one("ServiceAccount", "web-sensor-falco").inputs["metadata"]["annotations"]
    assert "eks.amazonaws.com/role-arn" not in others


def test_node_roles_get_the_policy_and_no_role_is_made(adopted: Deployed) -> None:
    for cluster, role in {"node": "prod-node", "own": "own-node"}.items():
        assert adopted.one("RolePolicy", f"{cluster}-shipping").inputs["role"] == role
    assert {item.name for item in for_sensors(adopted, "Role")} == {"pods-shipping", "irsa-shipping", "jobs-shipping"}


def test_the_node_role_of_a_created_cluster_gets_the_policy() -> None:
    stack = deploy(eks(permission="nodeRole"))
    assert stack.one("RolePolicy", "web-shipping").inputs["role"] == "web-node"
    assert [item.name for item in for_sensors(stack, "Role")] == ["web-node"]


def own(name: str) -> dict[str, object]:
    return {**OWN, "name": name, "existing": {"kubeconfig": KUBECONFIG.replace("k.example", f"{name}.example")}}


@pytest.mark.extreme
@pytest.mark.parametrize(("log_group", "policies"), [("/falco/events", 1), ("/" + "x" * 511, 4)])
def test_one_node_role_of_the_most_clusters_gets_policies_as_small_as_iam_takes_them(
    log_group: str, policies: int
) -> None:
    names = [f"{number:02}".rjust(39, "x").replace("x0", "xa", 1) + "z" for number in range(MOST_CLUSTERS)]
    destinations = {"s3": {}, "opensearch": {}, "redshift": WAREHOUSE}
    events = {"logGroup": log_group, "destinations": destinations}
    stack = deploy({"clusters": [own(name) for name in names], "events": events}, account())

    documents = [item.inputs["policy"] for item in stack.of("iam/policy:Policy")]
    attached = stack.of("RolePolicyAttachment")
    assert len(documents) == len(attached) == policies
    assert {item.inputs["role"] for item in attached} == {"own-node"}
    assert max(len(document.replace(" ", "")) for document in documents) <= 6144
    inline = [item for item in stack.of("RolePolicy") if item.inputs["role"] == "own-node"]
    assert inline == []
    statements = [statement for document in documents for statement in json.loads(document)["Statement"]]
    written = {resource for one in statements if one["Sid"] == "ShipEvents" for resource in one["Resource"]}
    assert {resource.partition(":log-stream:")[2] for resource in written} == {f"{name}/*" for name in names}
    (streams,) = (one["Resource"] for one in statements if one["Sid"] == "StreamEvents")
    assert len(streams) == 3
    before = stack.before(stack.one("KubernetesSensor", f"{names[-1]}-sensor"))
    assert {item.urn for item in attached} <= before


def test_a_node_role_of_one_cluster_keeps_the_policy_that_has_landed() -> None:
    stack = deploy({"clusters": [own("one"), {**own("two"), "nodeRole": "other"}]})
    assert sorted((item.name, item.inputs["role"]) for item in for_sensors(stack, "RolePolicy")) == [
        ("one-shipping", "own-node"),
        ("two-shipping", "other"),
    ]
    assert stack.of("iam/policy:Policy") == []


def test_ecs_tasks_of_the_account_and_region_may_have_the_role() -> None:
    statement = trust(deploy(ecs()), "jobs")
    assert statement["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:ecs:eu-west-1:{ACCOUNT}:*"},
    }


@pytest.mark.parametrize("permission", ["podIdentity", "irsa", "nodeRole"])
def test_fluent_bit_comes_after_its_permission(permission: str) -> None:
    stack = deploy({"clusters": [{**EKS, "permission": permission}]})
    needed = {item.urn for item in (*for_sensors(stack, "RolePolicy"), *stack.of("PodIdentityAssociation"))}
    assert needed <= stack.before(stack.one("DaemonSet", "web-sensor-fluent-bit"))
