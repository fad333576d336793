import json

import pytest

from falco_firelens.settings import SettingsError
from tests.unit.components.cloud import Account, Deployed, Registered, deploy
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


@pytest.mark.parametrize(
    ("access", "ranges", "expected"),
    [("public", "0.0.0.0/0", (False, True)), ("publicAndPrivate", "8.8.8.0/24", (True, True))],
)
def test_a_public_endpoint_is_for_the_given_ranges(access: str, ranges: str, expected: tuple[bool, bool]) -> None:
    cluster = create(endpointAccess=access, publicAccessCidrs=[ranges]).one("eks:index:Cluster", "web").inputs
    assert (cluster["endpointPrivateAccess"], cluster["endpointPublicAccess"]) == expected
    assert cluster["publicAccessCidrs"] == [ranges]


@pytest.mark.parametrize(
    ("permission", "agent", "provider"),
    [("podIdentity", True, False), ("irsa", False, True), ("nodeRole", False, False)],
)
def test_each_permission_brings_what_it_needs(permission: str, agent: bool, provider: bool) -> None:
    stack = deploy(eks(permission=permission))
    assert ("eks-pod-identity-agent" in addons(stack)) is agent
    assert [item.inputs["clientIdLists"] for item in stack.of("OpenIdConnectProvider")] == [
        ["sts.amazonaws.com"]
    ] * provider


def addons(stack: Deployed) -> dict[str, Registered]:
    """By their names in EKS."""
    return {item.inputs["addonName"]: item for item in stack.of("Addon")}


@pytest.mark.parametrize("permission", ["podIdentity", "irsa", "nodeRole"])
def test_nothing_is_asked_of_pulumi_eks_whose_answer_changes_by_itself(permission: str) -> None:
    """It looks the newest add-ons up, and the certificate of an OIDC provider's issuer, at each preview."""
    cluster = deploy(eks(permission=permission)).one("eks:index:Cluster", "web").inputs
    assert cluster["useDefaultVpcCni"] is True
    assert cluster["kubeProxyAddonOptions"]["enabled"] is False
    assert "corednsAddonOptions" not in cluster and "vpcCniOptions" not in cluster
    assert cluster["createOidcProvider"] is False


def test_an_addon_has_the_version_that_is_named_and_none_otherwise() -> None:
    found = addons(create(addons={"vpc-cni": "v1.20.3-eksbuild.1", "coredns": "v1.12.4-eksbuild.1"}))
    assert {name: item.inputs.get("addonVersion") for name, item in found.items()} == {
        "coredns": "v1.12.4-eksbuild.1",
        "eks-pod-identity-agent": None,
        "kube-proxy": None,
        "vpc-cni": "v1.20.3-eksbuild.1",
    }
    named = deploy(eks(permission="irsa", create={"addons": {"eks-pod-identity-agent": "v1.3.8-eksbuild.2"}}))
    assert addons(named)["eks-pod-identity-agent"].inputs["addonVersion"] == "v1.3.8-eksbuild.2"


def test_addons_that_eks_has_installed_are_taken_over_and_stay_without_the_stack(created: Deployed) -> None:
    found = addons(create(addons={"coredns": "v1.12.4-eksbuild.1"}))
    for name in ("coredns", "kube-proxy", "vpc-cni"):
        assert (
            found[name].inputs["resolveConflictsOnCreate"]
            == found[name].inputs["resolveConflictsOnUpdate"]
            == "OVERWRITE"
        )
        assert found[name].inputs["preserve"] is True
    assert json.loads(found["vpc-cni"].inputs["configurationValues"]) == {"enableNetworkPolicy": "true"}
    assert "preserve" not in found["eks-pod-identity-agent"].inputs


def test_nodes_come_after_their_networking_and_coredns_after_nodes() -> None:
    stack = create(addons={"coredns": "v1.12.4-eksbuild.1"})
    found, nodes = addons(stack), stack.one("NodeGroup", "web_default")
    assert {found["vpc-cni"].urn, found["kube-proxy"].urn} <= nodes.dependencies
    assert nodes.urn in found["coredns"].dependencies


def test_what_pulumi_eks_made_once_is_the_same_resource_now() -> None:
    """The types above it, and its name, in the state of a stack that was deployed before."""
    stack = deploy(eks(permission="irsa"))
    once = "falco-firelens:index:EksCluster$eks:index:Cluster$"
    aliases = {item.name: set(item.aliases) for item in (*stack.of("Addon"), *stack.of("OpenIdConnectProvider"))}
    assert aliases == {
        "web-kube-proxy": {f"{once}aws:eks/addon:Addon::web-kube-proxy"},
        "web-vpc-cni": {f"{once}eks:index:VpcCniAddon$aws:eks/addon:Addon::web-vpc-cni"},
        "web-oidcProvider": {f"{once}aws:iam/openIdConnectProvider:OpenIdConnectProvider::web-oidcProvider"},
    }


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


AUTO = "auto-2026010112000000000000000a"
SIZES = [
    pytest.param({"minSize": 1, "maxSize": 5}, (1, 3, 5), (1, 3, 5), True, id="nothing changes"),
    pytest.param({"minSize": 4, "maxSize": 5}, (1, 3, 5), (4, 4, 5), False, id="more at least than there are"),
    pytest.param({"minSize": 2, "maxSize": 5}, (1, 3, 5), (2, 3, 5), False, id="more at least"),
    pytest.param({"minSize": 1, "maxSize": 9}, (1, 3, 5), (1, 3, 9), False, id="more at most"),
    pytest.param({"minSize": 1, "maxSize": 2}, (1, 3, 5), (1, 2, 2), False, id="fewer at most than there are"),
    pytest.param({"minSize": 0, "maxSize": 5}, (0, 0, 5), (0, 0, 5), True, id="none"),
    pytest.param({"minSize": 1, "maxSize": 5, "desiredSize": 2}, (1, 3, 5), (1, 2, 5), False, id="given"),
    pytest.param(
        {"minSize": 1, "maxSize": 5, "instanceTypes": ["m7i.large"]}, (1, 3, 5), (1, 3, 5), False, id="replaced"
    ),
]


@pytest.mark.parametrize(("wanted", "live", "expected", "left_alone"), SIZES)
def test_a_group_that_is_there_keeps_its_number_of_nodes(
    wanted: dict[str, object], live: tuple[int, int, int], expected: tuple[int, int, int], left_alone: bool
) -> None:
    """Whatever is sent to EKS has the number in it, so that it is the one that an autoscaler has made."""
    account = Account().with_node_group("web", AUTO, live)
    group = deploy(eks(create={"nodeGroups": [{"name": "auto", **wanted}]}), account).one("NodeGroup", "web_auto")
    sizes = group.inputs["scalingConfig"]
    assert (sizes["minSize"], sizes["desiredSize"], sizes["maxSize"]) == expected
    assert group.ignored == (("scalingConfig.desiredSize",) if left_alone else ())


def test_a_group_is_told_from_others_of_like_names() -> None:
    """A name has 26 digits behind the group's; a replacement that failed leaves an older one."""
    account = Account().with_node_group("web", "a-b-2026010112000000000000000a", (1, 7, 9))
    account.with_node_group("web", "a-20260101120000000000000001", (1, 2, 3))
    account.with_node_group("web", "a-20260201120000000000000002", (1, 3, 4)).with_node_group(
        "web", "a-mine", (1, 1, 1)
    )
    stack = deploy(eks(create={"nodeGroups": [{"name": "a", "maxSize": 9}]}), account)
    assert stack.one("NodeGroup", "web_a").inputs["scalingConfig"]["desiredSize"] == 3


def test_a_number_that_nobody_may_ask_for_stops_the_stack() -> None:
    forbidden = Account(denied=frozenset({"aws:eks/getNodeGroups:getNodeGroups"}))
    with pytest.raises(SettingsError) as refused:
        deploy(eks(), forbidden)
    assert str(refused.value).startswith("Pulumi.unit.yaml: clusters[0].create: found nothing (")
    assert "AccessDeniedException" in str(refused.value)
    assert "eks:ListNodegroups and eks:DescribeNodegroup" in str(refused.value)
    assert deploy(eks(create={"nodeGroups": [{"desiredSize": 2}]}), forbidden).of("NodeGroup"), "where nobody asks"


def test_no_two_clusters_node_groups_share_a_name() -> None:
    clusters = [
        {"name": "a1", "platform": "eks", "create": {"endpointAccess": "private", "nodeGroups": [{"name": "b-c"}]}},
        {"name": "a1-b", "platform": "eks", "create": {"endpointAccess": "private", "nodeGroups": [{"name": "c"}]}},
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
