"""Every type that the aws stand-in emulates lives its whole life against moto: made, read, changed, found gone."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from localcloud.aws.server import EXTENSIONS
from standin.aws import api, lifecycle
from standin.aws.cloud import Cloud, ConfigurationError
from standin.aws.lifecycle import INTERNAL, IncompleteError, Lifecycle
from standin.aws.limits import load
from standin.aws.registry import functions, resources
from tests.local.aws_samples import SAMPLES
from tests.local.aws_samples.answering import FUNCTION, archive
from tests.local.aws_samples.sample import ROLE, TRUST, VPC

pytestmark = pytest.mark.local
GROUP = "aws:cloudwatch/logGroup:LogGroup"
SECRET_VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
STAYS = (
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
    "aws:cloudwatch/logDestinationPolicy:LogDestinationPolicy",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:sns/topicSubscription:TopicSubscription",
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
    "aws:redshiftdata/statement:Statement",
    "aws:athena/namedQuery:NamedQuery",
    SECRET_VERSION,
)
"""Part of something else, and emptied rather than deleted; an unconfirmed subscription, a statement that was run, a
secret's current value; moto deletes no named query."""
EMULATED = [token for token, resource in resources().items() if not resource.recorded]

LIMITS = load(Path(__file__).parents[2] / "falco_firelens" / "limits" / "aws.yaml")


@pytest.fixture(scope="module", autouse=True)
def endpoint() -> Iterator[None]:
    """A moto of this module's own, with what the local cloud adds to it."""
    for extension in EXTENSIONS:
        extension.install()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
        patch.setenv("AWS_ENDPOINT_URL", "http://{}:{}".format(*server.get_host_and_port()))
        yield
    server.stop()


def connect(**configuration: Any) -> Cloud:
    """A configured provider, which refuses what is beyond AWS's limits."""
    return Cloud({"accessKey": "test", "secretKey": "test", "region": "eu-west-1", **configuration}, LIMITS)


@pytest.fixture(scope="module")
def cloud() -> Cloud:
    return connect()


@pytest.fixture(scope="module")
def world(cloud: Cloud):
    """Makes what samples depend on, once."""
    made: dict[str, dict[str, Any]] = {}

    def outputs(token: str) -> dict[str, Any]:
        if token not in made:
            made[token] = create(cloud, token, dict(SAMPLES[token].inputs(outputs)))[2]
        return made[token]

    return outputs


def create(cloud: Cloud, token: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """A checked and created resource: its id, its inputs and its outputs."""
    life = Lifecycle(cloud, resources()[token])
    checked, failures = life.check("sample", inputs, {}, b"")
    assert not failures
    identity, state = life.create(checked)
    return identity, checked, state


def test_every_emulated_type_has_a_sample() -> None:
    assert sorted(SAMPLES) == sorted(EMULATED)


@pytest.mark.parametrize("token", EMULATED)
def test_a_resource_lives_its_whole_life(token: str, cloud: Cloud, world) -> None:
    life = Lifecycle(cloud, resources()[token])
    identity, inputs, state = create(cloud, token, dict(SAMPLES[token].inputs(world)))

    assert life.read(identity, inputs, state) == (state, inputs), "a refresh finds drift where there is none"
    assert life.diff(inputs, state, inputs).changes == ()

    change = SAMPLES[token].change(world)
    changed = {**inputs, **change}
    assert life.diff(inputs, state, changed).replaces == set()
    state = life.update(identity, state, changed)
    for name, value in change.items():
        assert _contains(state[name], value)
    assert life.read(identity, changed, state) == (state, changed)

    life.delete(identity, state)
    assert token in STAYS or life.read(identity, changed, state) is None
    life.delete(identity, state)


def _contains(actual: Any, wished: Any) -> bool:
    return lifecycle.compare.settle(wished, actual) == wished


@pytest.mark.parametrize("token", [GROUP, ROLE, VPC])
def test_an_existing_resource_is_imported_without_a_difference(token: str, cloud: Cloud, world) -> None:
    life = Lifecycle(cloud, resources()[token])
    identity, inputs, _ = create(cloud, token, dict(SAMPLES[token].inputs(world)))
    found = life.read(identity, {}, {})
    assert found is not None
    state, imported = found

    assert life.diff(imported, state, inputs).changes == ()


def test_refresh_finds_what_was_changed_behind_its_back(cloud: Cloud) -> None:
    life = Lifecycle(cloud, resources()[GROUP])
    identity, inputs, state = create(cloud, GROUP, {"retentionInDays": 7, "tags": {"a": "b"}})
    logs = cloud.region().client("logs")
    logs.put_retention_policy(logGroupName=identity, retentionInDays=90)
    logs.tag_resource(resourceArn=state["arn"], tags={"stray": "tag"})
    found = life.read(identity, inputs, state)
    assert found is not None
    state, drifted = found

    assert [change.path for change in life.diff(drifted, state, inputs).changes] == [
        "retentionInDays",
        "tags.stray",
        "tagsAll.stray",
    ]
    assert life.update(identity, state, inputs)["tags"] == {"a": "b"}


def test_refresh_finds_code_that_was_changed_behind_its_back_and_brings_its_own_back(cloud: Cloud, world) -> None:
    life = Lifecycle(cloud, resources()[FUNCTION])
    identity, inputs, state = create(cloud, FUNCTION, dict(SAMPLES[FUNCTION].inputs(world)))
    code = cloud.region().client("lambda")
    other = archive("def handle(event, context): return 'stray'")
    code.update_function_code(FunctionName=identity, ZipFile=Path(other["path"]).read_bytes())
    found = life.read(identity, inputs, state)
    assert found is not None
    drifted = found[1]

    assert [change.path for change in life.diff(drifted, found[0], inputs).changes] == ["code"]
    assert life.update(identity, found[0], inputs)["codeSha256"] == state["codeSha256"]
    assert life.read(identity, inputs, state) == (state | {"lastModified": ANY}, inputs)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "exactly one of code, imageUri, s3Bucket must be given, not 0"),
        ({"code": {**archive(""), "path": "folder"}}, "takes a FileArchive of a .zip file"),
    ],
)
def test_a_function_without_a_zip_is_refused(given: dict[str, Any], said: str, cloud: Cloud) -> None:
    _, failures = Lifecycle(cloud, resources()[FUNCTION]).check("sample", {"role": "r", **given}, {}, b"")
    assert said in failures[0].reason


def test_a_functions_subnets_and_role_have_to_be_there(cloud: Cloud, world) -> None:
    given = dict(SAMPLES[FUNCTION].inputs(world))
    with pytest.raises(Exception, match=r"InvalidSubnetID\.NotFound"):
        create(cloud, FUNCTION, {**given, "vpcConfig": {"subnetIds": ["subnet-1"], "securityGroupIds": []}})
    with pytest.raises(Exception, match="cannot be assumed by Lambda"):
        create(cloud, FUNCTION, {**given, "role": "arn:aws:iam::123456789012:role/nobody"})


def test_a_new_value_of_a_secret_is_a_new_version_and_the_old_one_loses_its_labels(cloud: Cloud, world) -> None:
    life = Lifecycle(cloud, resources()[SECRET_VERSION])
    _, inputs, state = create(cloud, SECRET_VERSION, dict(SAMPLES[SECRET_VERSION].inputs(world)))
    assert life.diff(inputs, state, {**inputs, "secretString": "new"}).replaces == {"secretString"}
    _, _, new = create(cloud, SECRET_VERSION, {**inputs, "secretString": "new"})
    life.delete(f"{state['secretId']}|{state['versionId']}", state)

    secrets = cloud.region().client("secretsmanager")
    assert new["versionStages"] == ["AWSCURRENT"]
    assert secrets.get_secret_value(SecretId=state["secretId"])["SecretString"] == "new"
    labels = secrets.describe_secret(SecretId=state["secretId"])["VersionIdsToStages"]
    assert labels.get(state["versionId"], []) == []


def test_an_error_of_aws_comes_through(cloud: Cloud) -> None:
    create(cloud, GROUP, {"name": "taken"})

    with pytest.raises(Exception, match="already exists") as caught:
        create(cloud, GROUP, {"name": "taken"})
    assert api.describe(caught.value).startswith("ResourceAlreadyExistsException: ")


def test_what_fails_part_way_is_kept_and_finished_by_the_next_update(cloud: Cloud) -> None:
    life = Lifecycle(cloud, resources()[ROLE])
    wished = {"name": "half", "assumeRolePolicy": TRUST, "tags": {"a": "b"}}
    with pytest.raises(IncompleteError, match="MalformedPolicy") as caught:
        create(cloud, ROLE, {**wished, "inlinePolicies": [{"name": "bad", "policy": "{}"}]})
    kept = caught.value
    assert (kept.identity, kept.outputs["name"]) == ("half", "half")

    state = life.update("half", kept.outputs, {**kept.inputs, "inlinePolicies": []})

    assert (state["tags"], state["tagsAll"]) == ({"a": "b"}, {"a": "b"})


def test_an_update_that_fails_can_be_repeated(cloud: Cloud) -> None:
    life = Lifecycle(cloud, resources()[ROLE])
    identity, inputs, state = create(cloud, ROLE, {"assumeRolePolicy": TRUST})
    with pytest.raises(IncompleteError, match="MalformedPolicy"):
        life.update(identity, state, {**inputs, "assumeRolePolicy": "{}"})

    assert life.update(identity, state, {**inputs, "description": "fixed"})["description"] == "fixed"


def test_regions_and_assumed_roles_keep_apart() -> None:
    _, _, here = create(connect(), GROUP, {})
    _, _, there = create(connect(), GROUP, {"region": "us-west-2"})
    role = {"roleArn": "arn:aws:iam::222222222222:role/deploy", "sessionName": "deploy"}
    _, _, other = create(connect(assumeRoles=[role]), GROUP, {})

    assert [one["arn"].split(":")[3:5] for one in (here, there, other)] == [
        ["eu-west-1", "123456789012"],
        ["us-west-2", "123456789012"],
        ["eu-west-1", "222222222222"],
    ]


def test_a_composite_alarm_is_refused_whose_rule_aws_would_refuse() -> None:
    cloud = connect(region="ap-southeast-2")
    token, alarm = "aws:cloudwatch/compositeAlarm:CompositeAlarm", "aws:cloudwatch/metricAlarm:MetricAlarm"
    metric = {"comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 1, "metricName": "Critical"}
    metric |= {"namespace": "Falco", "period": 60, "statistic": "Sum", "threshold": 1}
    names = [f"{number:a>100}" for number in range(101)]
    for name in names:
        create(cloud, alarm, {**metric, "name": name})
    for children in (["not-there"], names[:100], names):
        rule = " OR ".join(f'ALARM("{child}")' for child in children)
        with pytest.raises(Exception, match="ValidationError"):
            create(cloud, token, {"alarmName": "attention", "alarmRule": rule})
    rule = " OR ".join(f'ALARM("{child}")' for child in names[:80])
    create(cloud, token, {"alarmName": "below", "alarmRule": rule})
    create(cloud, token, {"alarmName": "attention", "alarmRule": 'ALARM("below")'})


def test_credentials_of_another_account_are_refused() -> None:
    connect(allowedAccountIds=["123456789012"]).check_account()
    with pytest.raises(ConfigurationError, match="123456789012; allowed: 222222222222"):
        connect(allowedAccountIds=["222222222222"]).check_account()
    with pytest.raises(ConfigurationError, match="forbidden"):
        connect(forbiddenAccountIds=["123456789012"]).check_account()


def test_default_tags_are_on_the_resource_but_not_among_its_own() -> None:
    cloud = connect(defaultTags={"tags": {"team": "blue", "stage": "test"}})
    identity, inputs, state = create(cloud, GROUP, {"tags": {"stage": "prod"}})

    assert (state["tags"], state["tagsAll"]) == ({"stage": "prod"}, {"stage": "prod", "team": "blue"})
    assert Lifecycle(cloud, resources()[GROUP]).read(identity, inputs, state) == (state, inputs)


RECORDED = {
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": {
        "namespace": "falco",
        "serviceAccount": "fluent-bit",
        "roleArn": "arn:aws:iam::123456789012:role/shipping",
    },
}


@pytest.mark.parametrize("token", RECORDED)
def test_a_recorded_resource_is_kept_as_it_is(token: str, cloud: Cloud, world) -> None:
    cluster = world("aws:eks/cluster:Cluster")["name"]
    life = Lifecycle(cloud, resources()[token])
    identity, inputs, state = create(cloud, token, {**RECORDED[token], "clusterName": cluster})

    assert life.read(identity, inputs, state) == (state, inputs)
    assert life.diff(inputs, state, inputs).changes == ()


SINK = "arn:aws:oam:eu-west-1:123456789012:sink/1"
OBSERVING: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "aws:oam/sink:Sink": ({"name": "falco"}, {}, ""),
    "aws:oam/sinkPolicy:SinkPolicy": ({"sinkIdentifier": SINK, "policy": "{}"}, {}, ""),
    "aws:oam/link:Link": (
        {
            "sinkIdentifier": SINK,
            "labelTemplate": "$AccountName",
            "resourceTypes": ["AWS::Logs::LogGroup"],
            "linkConfiguration": {"logGroupConfiguration": {"filter": "LogGroupName = '/falco/events'"}},
        },
        {"sinkIdentifier": SINK, "labelTemplate": "", "resourceTypes": ["AWS::Logs::LogGroup"]},
        "LabelTemplate",
    ),
    "aws:observabilityadmin/centralizationRuleForOrganization:CentralizationRuleForOrganization": (
        {
            "ruleName": "falco",
            "rule": {
                "source": {
                    "regions": ["eu-west-1"],
                    "scope": "OrganizationId = 'o-1'",
                    "sourceLogsConfiguration": {
                        "logGroupSelectionCriteria": "*",
                        "encryptedLogGroupStrategy": "ALLOW",
                    },
                },
                "destination": {"account": "123456789012", "region": "eu-west-1"},
            },
        },
        {
            "ruleName": "falco",
            "rule": {
                "source": {"regions": [], "scope": "x"},
                "destination": {"account": "1", "region": "eu-west-1"},
            },
        },
        "Regions",
    ),
}
"""Inputs, others that botocore refuses by its model, and of what of them it speaks; it looks at no pattern."""


@pytest.mark.parametrize("token", OBSERVING)
def test_what_observes_other_accounts_is_kept_as_it_is_and_validated(token: str, cloud: Cloud) -> None:
    given, wrong, where = OBSERVING[token]
    life = Lifecycle(cloud, resources()[token])
    identity, inputs, state = create(cloud, token, given)

    assert life.read(identity, inputs, state) == (state, inputs)
    assert life.diff(inputs, state, inputs).changes == ()
    assert life.diff(inputs, state, {**inputs, "tags": {"team": "blue"}}).replaces == set()
    if wrong:
        with pytest.raises(Exception, match=where):
            create(cloud, token, wrong)


def test_a_recorded_request_is_validated(cloud: Cloud) -> None:
    token = "aws:cloudwatch/queryDefinition:QueryDefinition"
    identity, inputs, state = create(cloud, token, {"queryString": "fields @message"})

    assert Lifecycle(cloud, resources()[token]).read(identity, inputs, state) == (state, inputs)
    with pytest.raises(Exception, match="name must have a length of at least 1, has 0"):
        create(cloud, token, {"queryString": "fields @message", "name": ""})


def test_a_recorded_resource_wants_its_cluster(cloud: Cloud) -> None:
    with pytest.raises(Exception, match="No cluster found"):
        token = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
        create(cloud, token, {**RECORDED[token], "clusterName": "nowhere"})


ADDON = "aws:eks/addon:Addon"


def test_an_addon_keeps_the_version_that_it_was_created_with(cloud: Cloud, world) -> None:
    given = {"clusterName": world("aws:eks/cluster:Cluster")["name"], "addonName": "coredns"}
    life = Lifecycle(cloud, resources()[ADDON])
    identity, inputs, state = create(cloud, ADDON, given)
    assert life.diff(inputs, state, {**inputs, "addonVersion": state["addonVersion"]}).changes == ()

    named = {**inputs, "configurationValues": "{}"}
    assert life.update(identity, state, named)["addonVersion"] == state["addonVersion"]
    with pytest.raises(Exception, match="InvalidParameterException: Addon version specified is not supported"):
        life.update(identity, state, {**inputs, "addonVersion": "v0.0.1-eksbuild.1"})
    life.delete(identity, state)
    assert life.read(identity, inputs, state) is None


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"addonName": "vpc-cny"}, "InvalidParameterException: Addon vpc-cny specified is not supported"),
        ({"addonName": "coredns", "addonVersion": "v9.9.9-eksbuild.9"}, "InvalidParameterException: Addon version"),
        (
            {"addonName": "vpc-cni", "configurationValues": '{"enableNetworkPolicy": true}'},
            "InvalidParameterException: ConfigurationValue provided",
        ),
    ],
)
def test_an_addon_that_eks_does_not_have_is_refused(given: dict[str, Any], refused: str, cloud: Cloud, world) -> None:
    with pytest.raises(ClientError) as error:
        create(cloud, ADDON, {"clusterName": world("aws:eks/cluster:Cluster")["name"], **given})
    assert api.describe(error.value).startswith(refused)


@pytest.mark.parametrize("name", ["ecs-apps", "AWSome", "fargate"])
def test_a_capacity_providers_name_that_ecs_reserves_is_refused(name: str, cloud: Cloud, world) -> None:
    group = {"autoScalingGroupArn": world("aws:autoscaling/group:Group")["arn"]}
    with pytest.raises(ClientError, match=r"ClientException.*ecs-capacity-provider-name"):
        create(cloud, "aws:ecs/capacityProvider:CapacityProvider", {"name": name, "autoScalingGroupProvider": group})


@pytest.mark.parametrize(
    ("sizes", "refused"),
    [((2, 1, 3), "Minimum capacity 2 can't be greater than desired size 1"), ((1, 4, 3), "Desired capacity 4")],
)
def test_a_number_of_nodes_outside_its_bounds_is_refused(
    sizes: tuple[int, int, int], refused: str, cloud: Cloud, world
) -> None:
    least, desired, most = sizes
    cluster, _, name = world("aws:eks/nodeGroup:NodeGroup")["id"].partition(":")
    wanted = {"minSize": least, "desiredSize": desired, "maxSize": most}
    eks = cloud.region().client("eks")
    with pytest.raises(ClientError, match=f"InvalidParameterException.*{refused}"):
        eks.update_nodegroup_config(clusterName=cluster, nodegroupName=name, scalingConfig=wanted)


def call(cloud: Cloud, token: str, **arguments: Any) -> dict[str, Any]:
    return functions()[f"aws:{token}"](cloud.region(), arguments)


def test_functions_tell_what_there_is(cloud: Cloud, world) -> None:
    vpc, subnet = world(VPC), world("aws:ec2/subnet:Subnet")
    cluster = world("aws:eks/cluster:Cluster")

    assert call(cloud, "index/getCallerIdentity:getCallerIdentity")["accountId"] == "123456789012"
    assert "eu-west-1a" in call(cloud, "index/getAvailabilityZones:getAvailabilityZones", state="available")["names"]
    assert call(cloud, "ec2/getVpc:getVpc", id=vpc["id"])["cidrBlock"] == "10.0.0.0/16"
    filters = [{"name": "vpc-id", "values": [vpc["id"]]}]
    assert subnet["id"] in call(cloud, "ec2/getSubnets:getSubnets", filters=filters)["ids"]
    assert call(cloud, "ec2/getSubnet:getSubnet", id=subnet["id"])["vpcId"] == vpc["id"]
    group = call(cloud, "ec2/getSecurityGroup:getSecurityGroup", name="default", vpcId=vpc["id"])["id"]
    assert call(cloud, "ec2/getSecurityGroup:getSecurityGroup", id=group)["vpcId"] == vpc["id"]
    with pytest.raises(Exception, match=r"InvalidGroup\.NotFound|does not exist"):
        call(cloud, "ec2/getSecurityGroup:getSecurityGroup", id="sg-01234567")
    assert call(cloud, "ec2/getRouteTables:getRouteTables", vpcId=vpc["id"])["ids"]
    assert call(cloud, "ec2/getInstanceType:getInstanceType", instanceType="t3.large")["defaultVcpus"] == 2
    assert call(cloud, "eks/getCluster:getCluster", name=cluster["name"])["identities"] == cluster["identities"]
    group = world("aws:eks/nodeGroup:NodeGroup")
    (name,) = call(cloud, "eks/getNodeGroups:getNodeGroups", clusterName=cluster["name"])["names"]
    found = call(cloud, "eks/getNodeGroup:getNodeGroup", clusterName=cluster["name"], nodeGroupName=name)
    assert found["scalingConfigs"] == [group["scalingConfig"]]
    addon = world(ADDON)
    found = call(cloud, "eks/getAddon:getAddon", clusterName=cluster["name"], addonName=addon["addonName"])
    assert (found["arn"], found["addonVersion"]) == (addon["arn"], addon["addonVersion"])
    role = world(ROLE)
    assert call(cloud, "iam/getRole:getRole", name=role["name"])["arn"] == role["arn"]
    assert role["name"] in call(cloud, "iam/getRoles:getRoles", pathPrefix=role["path"])["names"]
    assert call(cloud, "iam/getRoles:getRoles", pathPrefix="/aws-service-role/nobody.amazonaws.com/")["names"] == []
    image = "/aws/service/ecs/optimized-ami/amazon-linux-2/recommended/image_id"
    assert call(cloud, "ssm/getParameter:getParameter", name=image)["value"].startswith("ami-")


def test_the_inputs_of_a_type_keep_their_defaults_apart(cloud: Cloud) -> None:
    _, inputs, _ = create(cloud, ROLE, {"assumeRolePolicy": TRUST})

    assert inputs[INTERNAL] == ["forceDetachPolicies", "maxSessionDuration", "name", "path"]
