import base64
import json

import pytest

from tests.unit.components.cloud import ACCOUNT, Deployed, deploy
from tests.unit.components.stacks import ADOPTED, account, ecs


def test_instances_have_imdsv2_one_hop_no_public_address_and_an_encrypted_disk(created: Deployed) -> None:
    template = created.one("LaunchTemplate", "jobs").inputs
    assert template["metadataOptions"] == {
        "httpEndpoint": "enabled",
        "httpTokens": "required",
        "httpPutResponseHopLimit": 1,
    }
    (interface,) = template["networkInterfaces"]
    assert interface["associatePublicIpAddress"] == "false"
    assert interface["securityGroups"] == ["jobs-id"]
    (disk,) = template["blockDeviceMappings"]
    assert disk["ebs"]["encrypted"] == "true" and disk["ebs"]["kmsKeyId"].endswith("key/jobs-key")


@pytest.mark.parametrize(
    ("architecture", "types", "image"),
    [
        ("x86_64", ["m6i.large"], "amazon-linux-2023/recommended/image_id"),
        ("arm64", ["m7g.large", "m6g.large"], "amazon-linux-2023/arm64/recommended/image_id"),
    ],
)
def test_the_image_is_aws_newest_for_the_architecture(architecture: str, types: list[str], image: str) -> None:
    stack = deploy(ecs(create={"architecture": architecture, "instanceTypes": types}))
    template = stack.one("LaunchTemplate", "jobs").inputs
    assert template["imageId"] == f"resolve:ssm:/aws/service/ecs/optimized-ami/{image}"
    policy = stack.one("autoscaling/group:Group", "jobs").inputs["mixedInstancesPolicy"]
    assert [override["instanceType"] for override in policy["launchTemplate"]["overrides"]] == types
    assert policy["instancesDistribution"]["onDemandPercentageAboveBaseCapacity"] == 100


def test_the_agent_joins_the_cluster_and_keeps_tasks_from_the_instances_role(created: Deployed) -> None:
    script = base64.b64decode(created.one("LaunchTemplate", "jobs").inputs["userData"]).decode().splitlines()
    assert script[0] == "#!/bin/sh"
    assert "ECS_CLUSTER=jobs" in script
    assert "ECS_AWSVPC_BLOCK_IMDS=true" in script
    assert "ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST=true" in script, "the sensor's task is on the host's network"


def test_instances_scale_with_tasks_and_drain_before_they_end(created: Deployed) -> None:
    provider = created.one("CapacityProvider", "jobs").inputs["autoScalingGroupProvider"]
    assert provider["managedScaling"]["status"] == "ENABLED"
    assert provider["managedDraining"] == "ENABLED"
    assert provider["managedTerminationProtection"] == "ENABLED"
    group = created.one("autoscaling/group:Group", "jobs").inputs
    assert group["protectFromScaleIn"] is True, "ECS demands it of managed termination protection"
    assert "desiredCapacity" not in group, "the capacity provider's own business"
    assert (group["minSize"], group["maxSize"]) == (1, 3)
    providers = created.one("ClusterCapacityProviders", "jobs").inputs
    assert providers["capacityProviders"] == ["jobs"]
    assert providers["defaultCapacityProviderStrategies"] == [{"capacityProvider": "jobs", "weight": 1}]


def test_the_instance_role_is_for_this_cluster_only(created: Deployed) -> None:
    statements = json.loads(created.one("RolePolicy", "jobs-instance").inputs["policy"])["Statement"]
    cluster = f"arn:aws:ecs:eu-west-1:{ACCOUNT}:cluster/jobs"
    join, run, *_ = statements
    assert join["Resource"] == cluster
    assert run["Condition"] == {"ArnEquals": {"ecs:cluster": cluster}}
    assert not [action for statement in statements for action in statement["Action"] if action.startswith("logs:")]


def test_the_service_runs_one_task_on_each_instance(created: Deployed) -> None:
    service = created.one("ecs/service:Service", "jobs-sensor").inputs
    assert (service["name"], service["schedulingStrategy"], service["launchType"]) == ("falco", "DAEMON", "EC2")
    assert service["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert service["enableExecuteCommand"] is False
    assert service["propagateTags"] == "SERVICE"
    assert "deploymentMaximumPercent" not in service, "ECS refuses it for daemon services"


@pytest.mark.parametrize(("instances", "percent"), [(0, 0), (1, 0), (2, 50), (10, 50)])
def test_half_of_the_nodes_keep_their_sensor_during_an_update_but_one_alone_can_be_updated(
    instances: int, percent: int
) -> None:
    created = deploy(ecs(create={"minSize": instances, "maxSize": 10}))
    assert created.one("ecs/service:Service", "jobs-sensor").inputs["deploymentMinimumHealthyPercent"] == percent


def test_an_existing_clusters_instances_decide_how_an_update_rolls(adopted: Deployed) -> None:
    service = adopted.one("ecs/service:Service", "jobs-sensor").inputs
    assert service["deploymentMinimumHealthyPercent"] == 50
    assert service["cluster"] == f"arn:aws:ecs:eu-west-1:{ACCOUNT}:cluster/prod-jobs"
    single = deploy(ADOPTED, account().with_ecs("prod-jobs", 1))
    assert single.one("ecs/service:Service", "jobs-sensor").inputs["deploymentMinimumHealthyPercent"] == 0


def test_the_task_has_the_shipping_role_and_no_execution_role(created: Deployed) -> None:
    definition = created.one("TaskDefinition", "jobs-sensor").inputs
    assert definition["taskRoleArn"].endswith(":jobs-shipping")
    assert "executionRoleArn" not in definition
    assert definition["requiresCompatibilities"] == ["EC2"]
    assert definition["family"] == "jobs-falco"


def test_the_task_definition_holds_the_rendered_sensor(created: Deployed) -> None:
    definition = created.one("TaskDefinition", "jobs-sensor").inputs
    containers = json.loads(definition["containerDefinitions"])
    assert {"falco", "log-router"} < {container["name"] for container in containers}
    mounted = {mount["sourceVolume"] for container in containers for mount in container.get("mountPoints", [])}
    volumes = {volume["name"]: volume.get("hostPath") for volume in definition["volumes"]}
    assert mounted == set(volumes)
    assert volumes["config"] is None, "a volume of the task's own"
    assert "/var/lib/falco-firelens/fluent-bit" in volumes.values()


def test_the_service_ends_before_the_instances_do(created: Deployed) -> None:
    before = created.before(created.one("ecs/service:Service", "jobs-sensor"))
    assert created.one("ClusterCapacityProviders", "jobs").urn in before
    assert created.one("autoscaling/group:Group", "jobs").urn in before


@pytest.mark.parametrize("name", ["ecs", "ecs-apps", "aws-shop", "fargate-free", "awsome"])
def test_a_capacity_providers_name_begins_as_aws_takes_it(name: str) -> None:
    """The engine makes the name out of the logical one: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCapacityProvider.html."""
    (provider,) = deploy({"clusters": [{"name": name, "platform": "ecs"}]}).of("CapacityProvider")
    assert provider.name == f"cluster_{name}" and "name" not in provider.inputs
    (once,) = provider.aliases
    assert once.endswith(f"$aws:ecs/capacityProvider:CapacityProvider::{name}")


def test_a_capacity_provider_whose_name_aws_takes_keeps_it(created: Deployed) -> None:
    assert created.one("CapacityProvider", "jobs").aliases == frozenset()
