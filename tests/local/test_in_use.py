"""What AWS does not delete while something else needs it, the local cloud does not delete either."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.accounts import IMAGE, client, container_instance
from tests.local.functions import packed

pytestmark = pytest.mark.local

Aws = Callable[[str], Any]
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


@pytest.fixture
def aws(account_env: dict[str, str]) -> Aws:
    """Clients of an account of its own, by service."""
    return lambda service: client(service, account_env)


def code(call: Callable[..., Any], **given: Any) -> str:
    """With which error a call is refused."""
    with pytest.raises(ClientError) as refused:
        call(**given)
    return str(refused.value.response["Error"]["Code"])


@pytest.fixture
def network(aws: Aws) -> tuple[str, str, str]:
    """A VPC, a subnet and a security group."""
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]
    return vpc, subnet, group


def test_a_functions_subnet_and_group_go_after_the_function(aws: Aws, network: tuple[str, str, str]) -> None:
    vpc, subnet, group = network
    ec2 = aws("ec2")
    aws("lambda").create_function(
        FunctionName="f",
        Runtime="python3.13",
        Handler="main.handle",
        Role=role(aws, "f"),
        Code={"ZipFile": packed({"main.py": ""})},
        VpcConfig={"SubnetIds": [subnet], "SecurityGroupIds": [group]},
    )
    assert code(ec2.delete_subnet, SubnetId=subnet) == "DependencyViolation"
    assert code(ec2.delete_security_group, GroupId=group) == "DependencyViolation"

    aws("lambda").delete_function(FunctionName="f")
    ec2.delete_subnet(SubnetId=subnet)
    assert code(ec2.delete_vpc, VpcId=vpc) == "DependencyViolation"
    ec2.delete_security_group(GroupId=group)
    ec2.delete_vpc(VpcId=vpc)


def test_a_clusters_subnet_goes_after_the_cluster(aws: Aws, network: tuple[str, str, str]) -> None:
    _, subnet, group = network
    eks, ec2 = aws("eks"), aws("ec2")
    place = {"subnetIds": [subnet], "securityGroupIds": [group]}
    eks.create_cluster(name="c", roleArn=role(aws, "c"), resourcesVpcConfig=place)
    assert code(ec2.delete_subnet, SubnetId=subnet) == "DependencyViolation"

    eks.delete_cluster(name="c")
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_security_group(GroupId=group)


def test_an_internet_gateway_goes_after_the_nat_gateway_that_uses_it(aws: Aws, network: tuple[str, str, str]) -> None:
    vpc, subnet, _ = network
    ec2 = aws("ec2")
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
    assert code(ec2.detach_internet_gateway, InternetGatewayId=gateway, VpcId=vpc) == "DependencyViolation"
    assert code(ec2.delete_subnet, SubnetId=subnet) == "DependencyViolation"

    ec2.delete_nat_gateway(NatGatewayId=nat)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.delete_subnet(SubnetId=subnet)


def test_a_security_group_goes_after_the_rules_that_name_it(aws: Aws, network: tuple[str, str, str]) -> None:
    vpc, _, group = network
    ec2 = aws("ec2")
    other = ec2.create_security_group(GroupName="other", Description="other", VpcId=vpc)["GroupId"]
    rule = [{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "UserIdGroupPairs": [{"GroupId": group}]}]
    ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=rule)
    assert code(ec2.delete_security_group, GroupId=group) == "DependencyViolation"

    ec2.delete_security_group(GroupId=other)
    ec2.delete_security_group(GroupId=group)


def test_a_capacity_provider_goes_after_its_cluster_has_let_go_of_it(aws: Aws) -> None:
    ecs = aws("ecs")
    group = "arn:aws:autoscaling:eu-west-1:1:autoScalingGroup:x:autoScalingGroupName/x"
    ecs.create_capacity_provider(name="p", autoScalingGroupProvider={"autoScalingGroupArn": group})
    ecs.create_cluster(clusterName="c", capacityProviders=["p"])

    refused = ecs.delete_capacity_provider(capacityProvider="p")["capacityProvider"]
    assert refused["updateStatus"] == "DELETE_FAILED"
    ecs.put_cluster_capacity_providers(cluster="c", capacityProviders=[], defaultCapacityProviderStrategy=[])
    ecs.delete_capacity_provider(capacityProvider="p")
    assert ecs.describe_capacity_providers(capacityProviders=["p"])["capacityProviders"] == []


def test_an_ecs_cluster_goes_after_its_instances(aws: Aws) -> None:
    ecs, ec2 = aws("ecs"), aws("ec2")
    ecs.create_cluster(clusterName="c")
    instance, _ = container_instance(ec2, ecs, "c")
    assert code(ecs.delete_cluster, cluster="c") == "ClusterContainsContainerInstancesException"

    ec2.terminate_instances(InstanceIds=[instance])
    ecs.delete_cluster(cluster="c")


def test_instances_end_with_their_group_though_they_are_protected(aws: Aws, network: tuple[str, str, str]) -> None:
    scaling, ec2 = aws("autoscaling"), aws("ec2")
    scaling.create_launch_configuration(LaunchConfigurationName="l", ImageId=IMAGE, InstanceType="t3.small")
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="g",
        LaunchConfigurationName="l",
        MinSize=1,
        MaxSize=1,
        VPCZoneIdentifier=network[1],
        NewInstancesProtectedFromScaleIn=True,
    )
    assert code(ec2.delete_subnet, SubnetId=network[1]) == "DependencyViolation"

    scaling.delete_auto_scaling_group(AutoScalingGroupName="g", ForceDelete=True)
    ec2.delete_subnet(SubnetId=network[1])


def test_an_alarm_goes_after_the_composite_alarms_that_name_it(aws: Aws) -> None:
    cloudwatch = aws("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="child",
        Namespace="n",
        MetricName="m",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    cloudwatch.put_composite_alarm(AlarmName="parent", AlarmRule='ALARM("child")')
    assert code(cloudwatch.delete_alarms, AlarmNames=["child"]) == "ValidationError"

    cloudwatch.delete_alarms(AlarmNames=["parent"])
    cloudwatch.delete_alarms(AlarmNames=["child"])


def test_a_workgroup_goes_with_its_history_or_not_at_all(aws: Aws) -> None:
    athena = aws("athena")
    athena.create_work_group(Name="w")
    asked = athena.start_query_execution(QueryString="SELECT 1", WorkGroup="w")["QueryExecutionId"]
    assert code(athena.delete_work_group, WorkGroup="w") == "InvalidRequestException"

    athena.delete_work_group(WorkGroup="w", RecursiveDeleteOption=True)
    assert asked not in athena.list_query_executions()["QueryExecutionIds"]


def test_a_subscription_waits_for_its_confirmation(aws: Aws) -> None:
    sns = aws("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    arn = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@example.com", ReturnSubscriptionArn=True)[
        "SubscriptionArn"
    ]

    def pending() -> str:
        return sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["PendingConfirmation"]

    assert pending() == "true"
    assert code(sns.unsubscribe, SubscriptionArn=arn) == "InvalidParameter"
    assert code(sns.confirm_subscription, TopicArn=topic, Token="guessed") == "InvalidParameter"

    sns.confirm_subscription(TopicArn=topic, Token=arn.rpartition(":")[2])
    assert pending() == "false"
    sns.unsubscribe(SubscriptionArn=arn)


def role(aws: Aws, name: str) -> str:
    return aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
