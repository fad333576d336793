import json

import pytest

from tests.unit.components.cloud import Deployed, deploy
from tests.unit.components.stacks import eks


def create(**keys: object) -> Deployed:
    return deploy(eks(create=keys))


def test_the_cluster_is_private_encrypted_logged_and_authenticates_by_access_entries(created: Deployed) -> None:
    cluster = created.one("eks:index:Cluster", "web").inputs
    assert cluster["name"] == "web"
    assert (cluster["endpointPrivateAccess"], cluster["endpointPublicAccess"]) == (True, False)
    assert "publicAccessCidrs" not in cluster
    assert cluster["authenticationMode"] == "API"
    assert cluster["encryptionConfigKeyArn"].endswith("key/web-key")
    assert sorted(cluster["enabledClusterLogTypes"]) == [
        "api",
        "audit",
        "authenticator",
        "controllerManager",
        "scheduler",
    ]
    assert cluster["vpcCniOptions"]["enableNetworkPolicy"] is True
    assert cluster["skipDefaultNodeGroup"] is True
    assert cluster["privateSubnetIds"] == ["network-private-eu-west-1a-id", "network-private-eu-west-1b-id"]


def test_the_control_plane_logs_have_a_group_before_the_cluster_makes_one(created: Deployed) -> None:
    group = created.one("LogGroup", "web-control-plane")
    assert group.inputs["name"] == "/aws/eks/web/cluster"
    assert group.inputs["retentionInDays"] == 90
    assert group.urn in created.before(created.one("eks:index:Cluster", "web"))
    contexts = [
        statement["Condition"]["ArnEquals"]["kms:EncryptionContext:aws:logs:arn"]
        for statement in json.loads(created.one("Key", "web-key").inputs["policy"])["Statement"]
        if "ArnEquals" in statement.get("Condition", {})
    ]
    assert [context.rpartition("log-group:")[2] for context in contexts] == ["/aws/eks/web/cluster"]


@pytest.mark.parametrize(("access", "expected"), [("public", (False, True)), ("publicAndPrivate", (True, True))])
def test_a_public_endpoint_is_for_the_given_ranges(access: str, expected: tuple[bool, bool]) -> None:
    cluster = create(endpointAccess=access, publicAccessCidrs=["8.8.8.0/24"]).one("eks:index:Cluster", "web").inputs
    assert (cluster["endpointPrivateAccess"], cluster["endpointPublicAccess"]) == expected
    assert cluster["publicAccessCidrs"] == ["8.8.8.0/24"]


@pytest.mark.parametrize(
    ("permission", "agent", "provider"),
    [("podIdentity", True, False), ("irsa", False, True), ("nodeRole", False, False)],
)
def test_each_permission_brings_what_it_needs(permission: str, agent: bool, provider: bool) -> None:
    stack = deploy(eks(permission=permission))
    assert [addon.inputs["addonName"] for addon in stack.of("Addon")] == ["eks-pod-identity-agent"] * agent
    assert stack.one("eks:index:Cluster", "web").inputs["createOidcProvider"] is provider


def test_nodes_have_imdsv2_one_hop_and_a_disk_encrypted_with_the_clusters_key(created: Deployed) -> None:
    template = created.one("LaunchTemplate", "web_default").inputs
    assert template["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
    }
    (disk,) = template["blockDeviceMappings"]
    assert disk["deviceName"] == "/dev/xvda"
    assert disk["ebs"]["encrypted"] == "true" and disk["ebs"]["kmsKeyId"].endswith("key/web-key")
    assert (disk["ebs"]["volumeSize"], disk["ebs"]["volumeType"]) == (50, "gp3")


def test_node_groups_are_as_the_stack_file_says() -> None:
    arm = {"name": "arm", "architecture": "arm64", "instanceTypes": ["m7g.large"], "minSize": 2, "maxSize": 9}
    stack = create(version="1.34", nodeGroups=[arm, {"name": "fixed", "minSize": 1, "maxSize": 4, "desiredSize": 3}])
    group = stack.one("NodeGroup", "web_arm").inputs
    assert group["amiType"] == "AL2023_ARM_64_STANDARD"
    assert group["instanceTypes"] == ["m7g.large"]
    assert group["scalingConfig"] == {"minSize": 2, "maxSize": 9, "desiredSize": 2}
    assert group["version"] == "1.34" == stack.one("eks:index:Cluster", "web").inputs["version"]
    assert group["launchTemplate"] == {"id": "web_arm-id", "version": "1"}
    assert stack.one("NodeGroup", "web_fixed").inputs["scalingConfig"]["desiredSize"] == 3
    assert stack.one("NodeGroup", "web_fixed").inputs["amiType"] == "AL2023_x86_64_STANDARD"


def test_an_autoscaler_may_move_the_number_of_nodes_unless_the_stack_file_gives_it() -> None:
    stack = create(nodeGroups=[{"name": "auto"}, {"name": "fixed", "desiredSize": 2, "maxSize": 3}])
    assert stack.one("NodeGroup", "web_auto").ignored == ("scalingConfig.desiredSize",)
    assert stack.one("NodeGroup", "web_fixed").ignored == ()


def test_no_two_clusters_node_groups_share_a_name() -> None:
    clusters = [
        {"name": "a1", "platform": "eks", "create": {"nodeGroups": [{"name": "b-c"}]}},
        {"name": "a1-b", "platform": "eks", "create": {"nodeGroups": [{"name": "c"}]}},
    ]
    names = [item.name for item in deploy({"clusters": clusters}).of("NodeGroup")]
    assert sorted(names) == ["a1-b_c", "a1_b-c"]


def test_nodes_join_after_the_cluster_and_their_roles_policies(created: Deployed) -> None:
    group = created.one("NodeGroup", "web_default")
    needed = {created.one("eks:index:Cluster", "web").urn, *(item.urn for item in created.of("RolePolicyAttachment"))}
    assert needed <= group.dependencies
    policies = {item.inputs["policyArn"].rpartition("/")[2] for item in created.of("RolePolicyAttachment")}
    assert policies == {"AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly"}


def test_the_sensor_comes_after_the_nodes(created: Deployed) -> None:
    nodes = created.one("NodeGroup", "web_default").urn
    assert nodes in created.before(created.one("Namespace", "web-sensor"))
