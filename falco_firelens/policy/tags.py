"""Tags: whatever takes tags has those that the stack asks for, since bills and owners are found by them."""

from collections.abc import Iterator

from falco_firelens.policy.rule import UNKNOWN, Finding, Resource, Rule, items_of, keys_of

TAGGABLE = (
    "aws:athena/workgroup:Workgroup",
    "aws:autoscaling/group:Group",
    "aws:cloudwatch/compositeAlarm:CompositeAlarm",
    "aws:cloudwatch/eventRule:EventRule",
    "aws:cloudwatch/logDestination:LogDestination",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:dynamodb/table:Table",
    "aws:ebs/volume:Volume",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:ec2/eip:Eip",
    "aws:ec2/instance:Instance",
    "aws:ec2/internetGateway:InternetGateway",
    "aws:ec2/launchTemplate:LaunchTemplate",
    "aws:ec2/natGateway:NatGateway",
    "aws:ec2/routeTable:RouteTable",
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ec2/subnet:Subnet",
    "aws:ec2/vpc:Vpc",
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    "aws:ecs/capacityProvider:CapacityProvider",
    "aws:ecs/cluster:Cluster",
    "aws:ecs/service:Service",
    "aws:ecs/taskDefinition:TaskDefinition",
    "aws:eks/accessEntry:AccessEntry",
    "aws:eks/addon:Addon",
    "aws:eks/cluster:Cluster",
    "aws:eks/nodeGroup:NodeGroup",
    "aws:eks/podIdentityAssociation:PodIdentityAssociation",
    "aws:glue/catalogDatabase:CatalogDatabase",
    "aws:iam/instanceProfile:InstanceProfile",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    "aws:iam/policy:Policy",
    "aws:iam/role:Role",
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
    "aws:kinesis/stream:Stream",
    "aws:kms/key:Key",
    "aws:lambda/eventSourceMapping:EventSourceMapping",
    "aws:lambda/function:Function",
    "aws:oam/link:Link",
    "aws:oam/sink:Sink",
    "aws:observabilityadmin/centralizationRuleForOrganization:CentralizationRuleForOrganization",
    "aws:opensearch/domain:Domain",
    "aws:redshift/cluster:Cluster",
    "aws:redshiftserverless/namespace:Namespace",
    "aws:redshiftserverless/workgroup:Workgroup",
    "aws:s3/bucket:Bucket",
    "aws:s3/bucketV2:BucketV2",
    "aws:secretsmanager/secret:Secret",
    "aws:sns/topic:Topic",
    "aws:sqs/queue:Queue",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
)
"""Types of this project's stacks that take tags."""


def _tags(resource: Resource) -> Iterator[Finding]:
    given = resource.props.get("tagsAll") or resource.props.get("tags")
    if given is UNKNOWN:
        return
    # An Auto Scaling group has a list of its own: key, value, and whether instances get it.
    listed = {keys_of(tag).get("key") for tag in items_of(given) if "propagateAtLaunch" in keys_of(tag)}
    present = listed or {key for key, value in keys_of(given).items() if value not in (None, "")}
    missing = [key for key in items_of(resource.config.get("required")) if key not in present]
    if missing:
        names = ", ".join(missing)
        yield Finding("tags", f"none called {names}", f"{names}, best in `falco-firelens:tags` for all resources")


RULES = (
    Rule(
        "required-tags",
        "Resources have the tags that the stack asks for.",
        dict.fromkeys(TAGGABLE, _tags),
        {"required": {"type": "array", "items": {"type": "string"}, "default": []}},
    ),
)
