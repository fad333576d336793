import json
from pathlib import Path
from typing import Any

from tests.unit.components.cloud import ACCOUNT, Deployed, deploy
from tests.unit.components.stacks import ADOPTED, BANK, CREATED, ECS, HUB, HUB_STACK, account, spoke

NAMES = Path(__file__).with_name("logical_names.txt")
HUB_NAMES = Path(__file__).with_name("logical_names_hub.txt")
RESPONSE_NAMES = Path(__file__).with_name("logical_names_response.txt")

RESPONDING: dict[str, Any] = {
    **CREATED,
    "response": {
        "playbooks": [{"name": "contain", "actions": {"isolate": {}, "notify": {}}}],
        "webhooks": [{"url": "https://hooks.example/secret"}],
    },
    "notifications": [{"protocol": "email", "endpoint": "security@example.com"}],
}

UNTAGGED = {
    "aws:cloudwatch/logTransformer:LogTransformer",
    *(
        f"aws:cloudwatch/{kind}"
        for kind in ("dashboard:Dashboard", "eventTarget:EventTarget", "logMetricFilter:LogMetricFilter")
    ),
    "aws:cloudwatch/queryDefinition:QueryDefinition",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:sns/topicSubscription:TopicSubscription",
    "aws:autoscaling/group:Group",  # its tags are a list, and have a test of their own
    "aws:dynamodb/resourcePolicy:ResourcePolicy",
    "aws:ec2/route:Route",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
    "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:kms/alias:Alias",
    *(
        f"aws:lambda/{kind}"
        for kind in ("functionEventInvokeConfig:FunctionEventInvokeConfig", "permission:Permission")
    ),
    "aws:secretsmanager/secretVersion:SecretVersion",
}
"""What AWS gives no tags, or others."""


def test_logical_names_are_those_that_have_landed(created: Deployed) -> None:
    """A logical name is state: a change here needs an alias, or it deletes and makes anew what is deployed."""
    found = sorted("::".join(item.urn.split("::")[2:]) for item in created.resources)
    assert found == NAMES.read_text().splitlines()
    assert len(found) == len(set(found))


def test_logical_names_of_a_hub_and_of_what_is_a_spokes_alone_are_those_that_have_landed() -> None:
    hub = deploy(HUB)
    bank = deploy(
        {"clusters": [ECS], "spoke": {"hub": HUB_STACK, "delivery": "subscription"}},
        spoke(BANK, "us-east-1", hub.outputs),
    )
    link = bank.one("SpokeLink", "spoke")
    found = sorted("::".join(item.urn.split("::")[2:]) for item in (*hub.resources, link, *bank.under(link)))
    assert found == HUB_NAMES.read_text().splitlines()


def test_logical_names_of_a_response_are_those_that_have_landed(created: Deployed) -> None:
    without = {item.urn for item in created.resources}
    found = sorted(
        "::".join(item.urn.split("::")[2:]) for item in deploy(RESPONDING).resources if item.urn not in without
    )
    assert found == RESPONSE_NAMES.read_text().splitlines()


def test_every_resource_is_in_the_deployment(created: Deployed) -> None:
    deployment = created.one("Deployment", "deployment")
    assert len(created.under(deployment)) == len(created.resources) - 1


def of_a_bucket(kind: str) -> bool:
    """Whether it is a bucket's policy, versioning and the like, which have no tags of their own."""
    return kind.startswith("aws:s3/bucket") and kind != "aws:s3/bucket:Bucket"


def test_every_resource_that_takes_tags_has_the_stacks() -> None:
    stack = deploy({**RESPONDING, "tags": {"team": "blue"}})
    taggable = [
        item
        for item in stack.resources
        if item.type.startswith(("aws:", "eks:")) and item.type not in UNTAGGED and not of_a_bucket(item.type)
    ]
    assert len(taggable) > 30
    assert [item.urn for item in taggable if item.inputs.get("tags", {}).get("team") != "blue"] == []
    launched = [tags for item in stack.of("LaunchTemplate") for tags in item.inputs["tagSpecifications"]]
    assert {tags["resourceType"] for tags in launched} == {"instance", "volume"}
    assert all(tags["tags"]["team"] == "blue" for tags in launched)
    group = stack.one("autoscaling/group:Group", "jobs").inputs["tags"]
    assert {"key": "team", "value": "blue", "propagateAtLaunch": False} in group


def test_a_kubeconfig_is_secret_wherever_it_goes(created: Deployed) -> None:
    providers = created.of("providers:kubernetes")
    assert len(providers) == 2
    for provider in providers:
        assert "hunter2" in provider.inputs["kubeconfig"]
        assert "kubeconfig" in provider.secrets
    for item in created.resources:
        plain = {name: value for name, value in item.inputs.items() if name not in item.secrets}
        assert "hunter2" not in json.dumps(plain, default=str)


def test_endpoints_and_webhooks_are_secret_wherever_they_go() -> None:
    """The values of all protocols, in the topics of alarms, of a response and of a hub."""
    key = "k3y-of-a-webhook"
    told = [
        {"protocol": "https", "endpoint": f"https://events.example/{key}"},
        {"protocol": "email", "endpoint": f"{key}@example.com"},
        {"protocol": "sqs", "endpoint": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:{key}"},
        {"protocol": "lambda", "endpoint": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:{key}"},
        {"protocol": "sms", "endpoint": "+15550100123"},
    ]
    hooks = [{"url": f"https://hooks.example/{key}"}]
    respond: dict[str, Any] = {"playbooks": [{"name": "tell", "actions": {"notify": {}}}], "webhooks": hooks}
    own = {"notifications": told}
    stacks: list[dict[str, Any]] = [{**CREATED, **own, "response": respond}, {**HUB, **own}]
    for settings in stacks:
        stack = deploy(settings)
        subscriptions = stack.of("TopicSubscription")
        assert len(subscriptions) == len(told) * (2 if "response" in settings else 1)
        assert all("endpoint" in item.secrets for item in subscriptions)
        for item in stack.resources:
            plain = {name: value for name, value in item.inputs.items() if name not in item.secrets}
            shown = json.dumps(plain, default=str) + item.urn
            assert key not in shown
            assert "15550100123" not in shown
        assert key not in json.dumps(stack.outputs, default=str)


def test_the_outputs_tell_what_was_built(created: Deployed) -> None:
    outputs = created.outputs
    assert outputs["logGroup"] == {
        "name": "/falco/events",
        "arn": f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/falco/events",
        "console": "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1"
        "#logsV2:log-groups/log-group/$252Ffalco$252Fevents",
    }
    clusters = outputs["clusters"]
    assert {name: item["platform"] for name, item in clusters.items()} == {
        "web": "eks",
        "jobs": "ecs",
        "own": "kubernetes",
    }
    assert clusters["web"]["sensor"] == {"namespace": "falco", "daemonSets": ["falco", "fluent-bit"]}
    assert clusters["jobs"]["sensor"]["service"] == "falco"
    assert clusters["web"]["console"].endswith("/eks/home?region=eu-west-1#/clusters/web")


def test_the_outputs_name_existing_clusters_as_their_platform_does(adopted: Deployed) -> None:
    names = {name: item["name"] for name, item in adopted.outputs["clusters"].items()}
    assert names == {"pods": "Prod_1", "irsa": "Prod_2", "node": "Prod_3", "jobs": "prod-jobs", "own": "own"}


def test_kubeconfigs_are_the_only_secret_output(created: Deployed) -> None:
    assert set(created.secret_outputs) == {"kubeconfigs"}
    assert "hunter2" not in json.dumps({key: created.outputs[key] for key in ("logGroup", "clusters")})
    assert set(created.outputs["kubeconfigs"]) == {"web", "own"}


def test_existing_clusters_are_left_as_they_are() -> None:
    stack = deploy(ADOPTED, account())
    made = {item.type for item in stack.resources if item.type.startswith(("aws:", "eks:"))}
    assert made == {
        "aws:cloudwatch/compositeAlarm:CompositeAlarm",
        "aws:cloudwatch/dashboard:Dashboard",
        "aws:cloudwatch/eventRule:EventRule",
        "aws:cloudwatch/eventTarget:EventTarget",
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:cloudwatch/logMetricFilter:LogMetricFilter",
        "aws:cloudwatch/logTransformer:LogTransformer",
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "aws:cloudwatch/queryDefinition:QueryDefinition",
        "aws:ecs/service:Service",
        "aws:ecs/taskDefinition:TaskDefinition",
        "aws:eks/podIdentityAssociation:PodIdentityAssociation",
        "aws:iam/role:Role",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:kms/alias:Alias",
        "aws:kms/key:Key",
        "aws:lambda/function:Function",
        "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
        "aws:lambda/permission:Permission",
        "aws:sns/topic:Topic",
        "aws:sns/topicPolicy:TopicPolicy",
    }
