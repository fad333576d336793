"""The keys of a stack file, as types for Pulumi's schema inference.

Generated from falco_firelens/settings/ by `make generate`: change the models, not this file.
"""

from enum import Enum
from typing import Any, NotRequired, TypedDict

import pulumi


class ClusterPlatform(Enum):
    """One of `eks`, `ecs`, `kubernetes`."""

    Eks = "eks"
    Ecs = "ecs"
    Kubernetes = "kubernetes"


class ClusterCreateEndpointAccess(Enum):
    """One of `private`, `public`, `publicAndPrivate`."""

    Private = "private"
    Public = "public"
    PublicAndPrivate = "publicAndPrivate"


class NodeGroupArchitecture(Enum):
    """One of `x86_64`, `arm64`."""

    X8664 = "x86_64"
    Arm64 = "arm64"


class NodeGroup(TypedDict):
    """One managed node group of an EKS cluster."""

    architecture: NotRequired[NodeGroupArchitecture]
    """Processor architecture of the instances and of the image they start from. Default: `"x86_64"`."""

    instanceTypes: NotRequired[list[str]]
    """Instance types of that architecture, the preferred one first. Default: `m6i.large`, with arm64 `m6g.large`."""

    maxSize: NotRequired[int]
    """The largest number of instances. Default: `3`."""

    minSize: NotRequired[int]
    """The smallest number of instances; at most `maxSize`. Default: `1`."""

    diskGib: NotRequired[int]
    """Size of each instance's encrypted root disk, in GiB. The ECS image itself takes 30; gp3 allows 16384:
    https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html Default: `50`.
    """

    name: NotRequired[str]
    """Name of the node group, unique in its cluster. Default: `"default"`."""

    desiredSize: NotRequired[int]
    """How many nodes there are. Default: `minSize` to begin with, and then whatever an autoscaler makes of it: an
    update that changes the sizes keeps as many nodes as there are, within the new sizes. Who previews or deploys
    needs `eks:ListNodegroups` and `eks:DescribeNodegroup`. Sizes that were changed by hand count as changed by the
    file.
    """


class ClusterCreate(TypedDict):
    """How to create an EKS cluster. How to create an ECS cluster: the EC2 instances of its capacity provider."""

    version: NotRequired[str]
    """Only with platform `eks`. Kubernetes version, in quotes. The versions that EKS supports:
    https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html Default: `"1.35"`.
    """

    endpointAccess: NotRequired[ClusterCreateEndpointAccess]
    """Only with platform `eks`. From where the Kubernetes API can be reached. `private` means from inside the VPC
    only: `pulumi up` has to run there or through a VPN, and has to be written out where the stack makes that VPC.
    Default: `"private"`.
    """

    publicAccessCidrs: NotRequired[list[str]]
    """Only with platform `eks`. Who may reach a public endpoint: at most 40 ranges, required with `public` and
    `publicAndPrivate`. `["0.0.0.0/0"]` is everyone.
    """

    nodeGroups: NotRequired[list[NodeGroup]]
    """Only with platform `eks`. Managed node groups, 1 to 30. Default: one group called `default`."""

    addons: NotRequired[dict[str, str]]
    """Only with platform `eks`. Versions of EKS add-ons: `vpc-cni`, `kube-proxy`, `eks-pod-identity-agent`,
    `coredns`, as `aws eks describe-addon-versions` lists them. An add-on that is not named keeps the version that
    it was created with, also when `version` is raised: name `kube-proxy` then, which may be three minor versions
    older at most. `coredns` is an add-on only where it is named; EKS's own, which nothing updates, is there
    otherwise.
    """

    architecture: NotRequired[NodeGroupArchitecture]
    """Only with platform `ecs`. Processor architecture of the instances and of the image they start from. Default:
    `"x86_64"`.
    """

    instanceTypes: NotRequired[list[str]]
    """Only with platform `ecs`. Instance types of that architecture, the preferred one first. Default: `m6i.large`,
    with arm64 `m6g.large`.
    """

    maxSize: NotRequired[int]
    """Only with platform `ecs`. The largest number of instances. Default: `3`."""

    minSize: NotRequired[int]
    """Only with platform `ecs`. The smallest number of instances; at most `maxSize`. Default: `1`."""

    diskGib: NotRequired[int]
    """Only with platform `ecs`. Size of each instance's encrypted root disk, in GiB. The ECS image itself takes 30;
    gp3 allows 16384: https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html Default: `50`.
    """


class ClusterExisting(TypedDict):
    """An EKS cluster that exists already. Without a kubeconfig, one is made that asks `aws eks get-token`. An ECS
    cluster that exists already, on EC2 instances. A Kubernetes cluster that exists already. Needs `kubeconfigFile`
    or `kubeconfig`.
    """

    kubeconfigFile: NotRequired[str]
    """Only with platform `eks` and `kubernetes`. Path of the kubeconfig, relative to the project's folder. Not
    beside `kubeconfig`.
    """

    kubeconfig: NotRequired[pulumi.Input[str]]
    """Only with platform `eks` and `kubernetes`. The kubeconfig itself, as a secret: `pulumi config set --secret
    --path 'falco-firelens:clusters[0].existing.kubeconfig' "$(cat FILE)"`.
    """

    name: NotRequired[str]
    """Only with platform `eks`. The cluster's name in EKS."""

    cluster: NotRequired[str]
    """Only with platform `ecs`. The cluster's name or ARN."""

    context: NotRequired[str]
    """Only with platform `kubernetes`. Which of the kubeconfig's contexts to use. Default: its current one."""

    clusterTag: NotRequired[str]
    """Only with platform `kubernetes`. NAME in the tag `kubernetes.io/cluster/NAME` of the nodes' EC2 instances, by
    which a quarantine knows them. kOps and Cluster API set that tag with the cluster's own name. Default: the
    cluster's name in the stack.
    """


class ClusterPermission(Enum):
    """One of `podIdentity`, `irsa`, `nodeRole`."""

    PodIdentity = "podIdentity"
    Irsa = "irsa"
    NodeRole = "nodeRole"


class Cluster(TypedDict):
    """A Kubernetes cluster of Amazon EKS. An Amazon ECS cluster on EC2 instances. Fargate gives Falco no access to
    the host, so it cannot run there. Any other Kubernetes cluster, its nodes being EC2 instances.
    """

    name: str
    """The cluster's name in events, log streams and resource names; unique in the stack."""

    platform: ClusterPlatform
    """`eks` `ecs` `kubernetes`"""

    create: NotRequired[ClusterCreate]
    """Only with platform `eks` and `ecs`. Create the cluster. This is the default without `existing`."""

    existing: NotRequired[pulumi.Input[ClusterExisting]]
    """Use a cluster that exists already. How to reach the cluster."""

    permission: NotRequired[ClusterPermission]
    """Only with platform `eks` and `kubernetes`. How Fluent Bit gets its AWS credentials: EKS Pod Identity, IAM
    roles for service accounts, or the nodes' role. Fluent Bit has the AWS credentials of the nodes' role.
    """

    nodeRole: NotRequired[str]
    """Only with platform `eks` and `kubernetes`. Name of the IAM role of the existing cluster's nodes; it gets the
    policy. Required for permission `nodeRole` on an existing cluster, and only there. Name of the nodes' IAM role,
    which gets the policy. It is an inline one, or, where several clusters of the stack name the same role, a
    managed one, of which a role has ten by default. If several stacks name one role each adds its own:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """


class NetworkNatGateways(Enum):
    """One of `single`, `perZone`."""

    Single = "single"
    PerZone = "perZone"


class ExistingNetwork(TypedDict):
    """A VPC that exists already."""

    vpcId: str
    """The VPC's id."""

    privateSubnetIds: list[str]
    """Subnets for nodes, in at least two availability zones, with a way out: NAT, or endpoints of the AWS services
    and an `imageRegistry` that they reach, since public.ecr.aws has no endpoint.
    """


class Network(TypedDict):
    """The VPC of the clusters that the stack creates, and of the response's function. Where every cluster exists
    already none is made, and one that is given is for the function alone.
    """

    availabilityZones: NotRequired[int]
    """How many availability zones to spread over. EKS needs two. Default: `2`."""

    cidr: NotRequired[str]
    """The VPC's range of IPv4 addresses. Each zone gets a private and a public subnet, an eighth of it each,
    whatever the number of zones. Default: `"10.0.0.0/16"`.
    """

    natGateways: NotRequired[NetworkNatGateways]
    """One NAT gateway for all zones, or one in each. With one, an outage of its zone takes the others offline; each
    costs by the hour. Default: `"single"`.
    """

    existing: NotRequired[ExistingNetwork]
    """Use this VPC, and create none."""


class EventsMinimumPriority(Enum):
    """One of `Emergency`, `Alert`, `Critical`, `Error`, `Warning`, `Notice`, `Informational`, `Debug`."""

    Emergency = "Emergency"
    Alert = "Alert"
    Critical = "Critical"
    Error = "Error"
    Warning = "Warning"
    Notice = "Notice"
    Informational = "Informational"
    Debug = "Debug"


class S3DestinationFormat(Enum):
    """One of `parquet`, `json`."""

    Parquet = "parquet"
    Json = "json"


class S3Destination(TypedDict):
    """An archive in S3, queried with Athena: by Firehose, one folder an account, region and day."""

    bucketArn: NotRequired[str]
    """ARN of a bucket that exists already, such as that of another account. Default: a bucket that the stack makes."""

    kmsKeyArn: NotRequired[str]
    """ARN of the KMS key that encrypts the given bucket, if one does; needs `bucketArn`."""

    format: NotRequired[S3DestinationFormat]
    """How events are stored: in columns, which are faster and cheaper to query, or as Falco's own JSON, one event a
    line. Default: `"parquet"`.
    """

    bufferMib: NotRequired[int]
    """Firehose writes an object after this many MiB; Parquet needs at least 64. Default: `64`."""

    bufferSeconds: NotRequired[int]
    """Firehose writes an object after at most this many seconds. Default: `300`."""

    versioning: NotRequired[bool]
    """Keep overwritten and deleted objects for another 30 days. Default: `true`."""

    objectLockDays: NotRequired[int]
    """Days in which nobody can delete an event, not even the account's root; needs `versioning`. Only a new bucket
    can have this, and it cannot be undone.
    """

    infrequentAccessDays: NotRequired[int]
    """Days, at least 30, after which events move to storage that costs less to keep and more to read; 0 for never.
    Default: `90`.
    """

    expireDays: NotRequired[int]
    """Days after which events are deleted; 0 for never. The default is seven years. Default: `2555`."""


class OpenSearchCreate(TypedDict):
    """How to create an OpenSearch domain."""

    instanceType: NotRequired[str]
    """Instance type of the data nodes, one with an EBS volume. Default: `"t3.small.search"`."""

    instances: NotRequired[int]
    """Data nodes, at most 10 of a `t` type; an even number is spread over two availability zones. Default: `2`."""

    volumeGib: NotRequired[int]
    """Disk of each data node. The largest size depends on the type:
    https://docs.aws.amazon.com/opensearch-service/latest/developerguide/limits.html Default: `20`.
    """

    version: NotRequired[str]
    """Engine and version, 2.17 or newer, or from 2.7 to 2.11: events need flat objects, which others lack or fill
    wrongly. https://docs.aws.amazon.com/opensearch-service/latest/developerguide/what-is.html Default:
    `"OpenSearch_2.19"`.
    """


class OpenSearchExisting(TypedDict):
    """An OpenSearch domain that exists already."""

    domainArn: str
    """The domain's ARN."""


class OpenSearchDestinationIndexRotation(Enum):
    """One of `OneDay`, `OneWeek`, `OneMonth`."""

    OneDay = "OneDay"
    OneWeek = "OneWeek"
    OneMonth = "OneMonth"


class OpenSearchDestination(TypedDict):
    """Search in OpenSearch: by Firehose, a new index every day; what the domain refuses is kept in S3."""

    create: NotRequired[OpenSearchCreate]
    """Create the domain. This is the default without `existing`."""

    existing: NotRequired[OpenSearchExisting]
    """Use a domain that exists already."""

    indexRotation: NotRequired[OpenSearchDestinationIndexRotation]
    """How often a new index starts. Default: `"OneDay"`."""


class RedshiftCreate(TypedDict):
    """How to create a Redshift Serverless workgroup. Firehose comes by its public address, from which everybody
    else is kept out: https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-rs-vpc
    """

    vpcId: str
    """Id of the VPC for the workgroup."""

    publicSubnetIds: list[str]
    """Subnets of that VPC with a route to an internet gateway, in three availability zones, which Redshift
    requires.
    """

    baseCapacityRpus: NotRequired[int]
    """Base capacity in Redshift Processing Units, which are charged while a query or a copy runs: in steps of 8,
    above 512 in steps of 32. Not every region has more than 512. Default: `8`.
    """


class RedshiftExisting(TypedDict):
    """A Redshift Serverless workgroup or a cluster that exists already. Needs `workgroup` or `cluster`."""

    jdbcUrl: str
    """Where Firehose connects to, jdbc:redshift://HOST:PORT/DATABASE. HOST is AWS's own name for it, such as
    dwh.111122223333.eu-west-1.redshift-serverless.amazonaws.com: Firehose takes neither an IP address nor a custom
    domain name.
    """

    secretArn: str
    """ARN of the Secrets Manager secret with `username` and `password`."""

    workgroup: NotRequired[str]
    """Name of a Redshift Serverless workgroup."""

    cluster: NotRequired[str]
    """Identifier of a provisioned cluster."""


class RedshiftDestination(TypedDict):
    """A table in Redshift: by Firehose, which copies from a staging bucket that the stack makes. Needs `create` or
    `existing`.
    """

    create: NotRequired[RedshiftCreate]
    """Create a Redshift Serverless workgroup with a namespace."""

    existing: NotRequired[RedshiftExisting]
    """Use a workgroup or a cluster that exists already; it has to be reachable for Firehose:
    https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-rs-vpc
    """

    database: NotRequired[str]
    """Name of the database, the one in `jdbcUrl`. Default: `"falco"`."""

    table: NotRequired[str]
    """Name of the table: lower-case letters, digits and _, but no SQL keyword such as `user` or `order`, since
    Firehose does not quote it. Default: `"events"`.
    """


class Destinations(TypedDict):
    """Where events go beside the log group, or, with `cloudwatch: false`, instead of it."""

    s3: NotRequired[S3Destination]
    """An archive in S3, queried with Athena."""

    opensearch: NotRequired[OpenSearchDestination]
    """Search in OpenSearch."""

    redshift: NotRequired[RedshiftDestination]
    """A table in Redshift."""


class Events(TypedDict):
    """Where the events of all clusters go, and which."""

    cloudwatch: NotRequired[bool]
    """Ship to a log group. With false, events go to `destinations` only. Default: `true`."""

    logGroup: NotRequired[str]
    """Name of the CloudWatch log group that the stack creates. Bucket, streams and tables are named after it.
    Default: `"/falco/events"`.
    """

    retentionDays: NotRequired[int]
    """Days that CloudWatch keeps an event; it allows only these values. One of 1, 3, 5, 7, 14, 30, 60, 90, 120,
    150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653. Default: `90`.
    """

    kmsKeyArn: NotRequired[str]
    """ARN of the KMS key that encrypts the log group; its policy must let CloudWatch Logs use it. Default: a key
    that the stack makes.
    """

    minimumPriority: NotRequired[EventsMinimumPriority]
    """Falco reports rules of this priority or higher. Default: `"Notice"`."""

    budget: NotRequired[int]
    """Events of one rule and one workload (a pod, an ECS task, the node itself) that a node ships in a minute.
    Further ones are dropped and counted, and the next event says how many: docs/pipeline.md. Critical and higher
    ones are never dropped. Default: ship all.
    """

    protect: NotRequired[bool]
    """Refuse to delete the log group, and the stack with it, until this is false again. Default: `false`."""

    destinations: NotRequired[Destinations]
    """Where else events go, by Firehose."""


class FalcoInstall(Enum):
    """One of `manifests`, `helm`."""

    Manifests = "manifests"
    Helm = "helm"


class RuleException(TypedDict):
    """What a rule should stay silent about: https://falco.org/docs/concepts/rules/exceptions/."""

    rule: str
    """Name of the rule."""

    name: str
    """Name of the exception, unique in its rule."""

    fields: list[str]
    """The fields of an event that are compared, such as `proc.name`."""

    values: list[list[Any]]
    """Lists of one value a field. An event that agrees with all values of one list is not reported. With `in`,
    `intersects` and `pmatch` the value is a list itself. A value is the text as it stands, whatever characters it
    has; the name of a Falco list does not stand for the list's items. `regex` has to match the whole of the field.
    """

    comps: NotRequired[list[str]]
    """How each field is compared: `=`, `!=`, `<`, `<=`, `>`, `>=`, `contains`, `startswith`, `endswith`, `glob`,
    `regex`, `in`, `intersects`, `pmatch`, and a few more. Default: `=` for each.
    """


class Falco(TypedDict):
    """Which Falco runs, and with which rules."""

    version: NotRequired[str]
    """Version of Falco's image, 0.41.0 or later. Default: `"0.45.0"`."""

    registry: NotRequired[str]
    """Where the image `falco` alone is pulled from, such as a mirror that has it under another path. Default:
    `falcosecurity` in `imageRegistry`.
    """

    digest: NotRequired[str]
    """Digest of that image, `sha256:…`, by which nodes pull it; `none` for its tag alone, such as from a mirror
    that holds one architecture of it. Default: the confirmed digest of the version, or its tag where there is none.
    """

    install: NotRequired[FalcoInstall]
    """On Kubernetes: plain DaemonSets, or the official Falco chart with values made from the same settings. A
    change needs a step of its own, which docs/operations.md describes. Default: `"manifests"`.
    """

    chartRepository: NotRequired[str]
    """With `install: helm`, where the chart `falco` 9.1.0 comes from: a repository, or, beginning with oci://, the
    path above the chart in a registry such as that of `imageRegistry`. The machine that runs pulumi fetches it, no
    node. Default: `"https://falcosecurity.github.io/charts"`.
    """

    rulesFiles: NotRequired[list[str]]
    """Paths of your own rules files, relative to the project's folder. They are loaded after Falco's default rules,
    in this order. Falco reports the first rule that matches: if one of its own hides yours, disable it or add an
    exception.
    """

    disabledRules: NotRequired[list[str]]
    """Names of rules to disable, with `*` for any characters. Falco ignores a name that it does not know."""

    exceptions: NotRequired[list[RuleException]]
    """Exceptions to add to rules."""


class FluentBit(TypedDict):
    """Which Fluent Bit runs. This release is tested with the default version."""

    version: NotRequired[str]
    """Version of the image `aws-for-fluent-bit`, 3.4.9 or later, which is not Fluent Bit's own. Default:
    `"3.5.10"`.
    """

    registry: NotRequired[str]
    """Where the image `aws-for-fluent-bit` alone is pulled from, such as a mirror that has it under another path.
    Default: `aws-observability` in `imageRegistry`.
    """

    digest: NotRequired[str]
    """Digest of that image, as `falco.digest`."""


class ClusterAlarms(TypedDict):
    """Thresholds of one cluster; what is left out is as for all clusters."""

    minimumPriority: NotRequired[EventsMinimumPriority]
    """Events of this priority or higher fire an alarm."""

    silentMinutes: NotRequired[int]
    """Minutes without any heartbeat after which the cluster counts as silent, a multiple of 15."""

    silentNodes: NotRequired[int]
    """How many nodes must be silent at the same time to fire an alarm."""

    droppedPercent: NotRequired[int]
    """Share of a second's system calls that Falco may fail to see before it says so."""


class Alarms(TypedDict):
    """Thresholds of the alarms."""

    minimumPriority: NotRequired[EventsMinimumPriority]
    """Events of this priority or higher fire an alarm. Default: `"Critical"`."""

    silentMinutes: NotRequired[int]
    """Minutes without any heartbeat of a cluster after which it counts as silent, a multiple of 15. Default: `60`."""

    silentNodes: NotRequired[int]
    """How many nodes of a cluster must be silent at the same time to fire an alarm. A node is silent when it runs
    but has sent no heartbeat for 40 minutes. Default: `1`.
    """

    watch: NotRequired[bool]
    """Compare every 15 minutes, by a function of the stack's own, the heartbeats with the nodes that there are and
    with the files that were deployed. Without it, one silent node among many goes unnoticed. Default: `true`.
    """

    hourlyMebibytes: NotRequired[int]
    """Mebibytes in an hour above which the log group fires an alarm. The default is about 12 dollars a day.
    Default: `1024`.
    """

    droppedPercent: NotRequired[int]
    """Share of a second's system calls that Falco may fail to see before it says so. Falco itself compares, so a
    change here rolls its pods. Default: `5`.
    """

    deliveryLateMinutes: NotRequired[int]
    """Minutes in which nothing may come into the log group, and which a stream may be behind, before delivery
    counts as late; a multiple of 15. Default: `30`.
    """

    clusters: NotRequired[dict[str, ClusterAlarms]]
    """Thresholds of single clusters, by the cluster's name."""


class HubSpokeDelivery(Enum):
    """One of `firehose`, `subscription`."""

    Firehose = "firehose"
    Subscription = "subscription"


class HubSpoke(TypedDict):
    """One account whose events the hub receives."""

    account: str
    """Id of the account, in quotes."""

    regions: list[str]
    """The regions in which the account has a spoke; a stack is one account in one region."""

    delivery: NotRequired[HubSpokeDelivery]
    """As the spokes' own `spoke.delivery`: for `subscription` the hub makes a log destination in each region.
    Default: `"firehose"`.
    """


class Hub(TypedDict):
    """This stack is a hub: the archive of `events.destinations.s3` is everybody's, and may be written by spokes."""

    spokes: list[HubSpoke]
    """The only accounts that may send; at most 200."""

    observability: NotRequired[bool]
    """Make a CloudWatch observability sink in each region, through which the hub sees the spokes' log groups and
    metrics. An account can have one sink a region: with false, no sink is made and the spokes link to none.
    Default: `true`.
    """

    organizationId: NotRequired[str]
    """Id of the AWS Organization, if CloudWatch is to copy the spokes' log groups into one of the hub's. The
    stack's account has to be the organization's management account or its delegated administrator for CloudWatch.
    """


class Spoke(TypedDict):
    """This stack sends its events to a hub. Needs `hub`, or the hub's parts by their ARNs."""

    hub: NotRequired[str]
    """Full name of the hub's stack, ORGANIZATION/PROJECT/STACK, whose outputs `pulumi up` reads."""

    delivery: NotRequired[HubSpokeDelivery]
    """How events come to the hub's bucket: by a Firehose stream that the sensors write to, or by a subscription of
    the log group, which needs no stream in this account. The hub says the same for this account. Default:
    `"firehose"`.
    """

    bucketArn: NotRequired[str]
    """ARN of the hub's bucket; without `hub`, with delivery `firehose`."""

    kmsKeyArn: NotRequired[str]
    """ARN of the key that encrypts the hub's bucket; without `hub`, with delivery `firehose`."""

    format: NotRequired[S3DestinationFormat]
    """The hub's `events.destinations.s3.format`; without `hub`, with delivery `firehose`. Default: `"parquet"`."""

    sinkArn: NotRequired[str]
    """ARN of an observability sink in this region to link to. Default: the one that `hub` has made here, if any."""

    logDestinationArn: NotRequired[str]
    """ARN of the hub's log destination for this account and region; without `hub`, with delivery `subscription`."""


class NotificationProtocol(Enum):
    """One of `email`, `https`, `sqs`, `lambda`, `sms`."""

    Email = "email"
    Https = "https"
    Sqs = "sqs"
    Lambda = "lambda"
    Sms = "sms"


class Notification(TypedDict):
    """One place where the alarms' notifications go."""

    protocol: NotificationProtocol
    """How the notification is sent."""

    endpoint: pulumi.Input[str]
    """Where to: an address, a URL, a telephone number or an ARN, as the protocol wants it. A secret, since a URL
    may hold a key: `pulumi config set --secret --path 'falco-firelens:notifications[0].endpoint' https://…`.
    """


class SimpleAction(TypedDict):
    """An action without settings."""


class TaintEffect(Enum):
    """One of `NoSchedule`, `PreferNoSchedule`, `NoExecute`."""

    NoSchedule = "NoSchedule"
    PreferNoSchedule = "PreferNoSchedule"
    NoExecute = "NoExecute"


class Taint(TypedDict):
    """Taint the pod's node with `falco-firelens/contained`."""

    effect: NotRequired[TaintEffect]
    """`NoExecute` makes the node's pods leave, those that tolerate every taint apart. Default: `"NoSchedule"`."""


class Quarantine(TypedDict):
    """Move the network interfaces of the node's EC2 instance to a security group."""

    securityGroupId: str
    """The group, of the instance's VPC: one that has no rules lets nothing through."""


class Delete(TypedDict):
    """Delete the pod."""

    gracePeriodSeconds: NotRequired[int]
    """The most seconds that the pod has to end by itself; 0 kills it. A pod that asks for less gets less, and one
    that asks for more gets no more: its author may be the attacker. Default: `30`.
    """


class Actions(TypedDict):
    """What a playbook does, always in the order of this list. Each key has a mapping, which may be empty."""

    isolate: NotRequired[SimpleAction]
    """Cut the pod off with a NetworkPolicy of its own."""

    cordon: NotRequired[SimpleAction]
    """Keep new pods off the node."""

    evidence: NotRequired[SimpleAction]
    """Keep the event, and the pod's manifest, events and logs, or the task's description, in S3."""

    taint: NotRequired[Taint]
    """Taint the node."""

    quarantine: NotRequired[Quarantine]
    """Move the network interfaces of the node's EC2 instance to a security group."""

    delete: NotRequired[Delete]
    """Delete the pod."""

    stopTask: NotRequired[SimpleAction]
    """Stop the ECS task that the event is about."""

    drainInstance: NotRequired[SimpleAction]
    """Drain the container instance that the task runs on."""

    finding: NotRequired[SimpleAction]
    """Open a Security Hub finding; Security Hub has to be enabled."""

    notify: NotRequired[SimpleAction]
    """Notify the recipients in `notifications`, and the webhooks."""


class PlaybookMatch(TypedDict):
    """Which events a playbook answers: those that meet every key given here. Patterns may have `*` and `?`."""

    rules: NotRequired[list[str]]
    """Patterns of rules' names. Default: any."""

    tags: NotRequired[list[str]]
    """Patterns of tags, of which the rule has at least one. Default: any."""

    minimumPriority: NotRequired[EventsMinimumPriority]
    """Events of this priority or higher. Default: `"Debug"`."""

    clusters: NotRequired[list[str]]
    """Patterns of clusters' names. Default: any of the stack."""

    namespaces: NotRequired[list[str]]
    """Patterns of namespaces; then only events of pods are answered. Default: any."""

    images: NotRequired[list[str]]
    """Patterns of images, with or without their tag. Default: any."""

    labels: NotRequired[dict[str, str]]
    """Labels of the pod, all of which it has; their values are patterns. The function asks the cluster where the
    event has none.
    """


class Playbook(TypedDict):
    """One answer to some events."""

    name: str
    """What notices and logs call it; unique."""

    actions: Actions
    """What it does; at least one action."""

    match: NotRequired[PlaybookMatch]
    """Which events it answers. Default: all."""

    dryRun: NotRequired[bool]
    """Only report what the playbook would do. Default: `true`."""

    mostTargets: NotRequired[int]
    """Pods and tasks of a cluster that it acts on within `mostTargetsMinutes`, and as many nodes; the others are
    reported and left alone. What was only looked at does not count. Default: `10`.
    """

    mostTargetsMinutes: NotRequired[int]
    """The period of `mostTargets`. Default: `60`."""

    quietMinutes: NotRequired[int]
    """Minutes after an action in which it is not repeated for the same target. Events older than this are not
    answered by themselves. Default: `60`.
    """


class Protect(TypedDict):
    """What no playbook touches, nor the nodes that it runs on. The sensors, `kube-system` and control planes are
    protected always.
    """

    namespaces: NotRequired[list[str]]
    """Patterns of namespaces."""

    workloads: NotRequired[list[str]]
    """Patterns of NAMESPACE/WORKLOAD, by the pod's name, its controller's or its Deployment's; on ECS
    CLUSTER/SERVICE or CLUSTER/FAMILY, the cluster by its name in the stack.
    """


class WebhookFormat(Enum):
    """One of `slack`, `json`."""

    Slack = "slack"
    Json = "json"


class Webhook(TypedDict):
    """A place on the web that notices are sent to."""

    url: pulumi.Input[str]
    """The address, a secret, beginning with https://: `pulumi config set --secret --path
    'falco-firelens:response.webhooks[0].url' https://…`.
    """

    format: NotRequired[WebhookFormat]
    """A text as Slack takes it, or the notice with the whole event as JSON. Default: `"json"`."""


class Response(TypedDict):
    """What is done about events without a person."""

    playbooks: list[Playbook]
    """The playbooks, at least one. The first that matches an event answers it."""

    protect: NotRequired[Protect]
    """What no playbook touches."""

    webhooks: NotRequired[pulumi.Input[list[pulumi.Input[Webhook]]]]
    """Where notices go beside those in `notifications`."""

    withoutAdmissionPolicy: NotRequired[list[str]]
    """Clusters older than Kubernetes 1.30, by name, in which no ValidatingAdmissionPolicy bounds what the function
    may write. In all others one does: of pods and nodes only what its playbooks change, and nothing in
    `kube-system`, `kube-public`, `kube-node-lease` and `falco`.
    """

    reservedConcurrency: NotRequired[int]
    """Invocations of the function at the same time, kept for it and never exceeded: at least 2, which is the least
    that a queue can be read with. An account has to keep 100 for all its other functions: where its limit is lower,
    as a new account's can be, have it raised first. Default: `5`.
    """

    evidenceLockDays: NotRequired[int]
    """Days in which nobody can delete evidence, not even the account's root. Only a new bucket can be given this,
    and it cannot be taken back.
    """

    evidenceDays: NotRequired[int]
    """Days after which evidence and records set aside are deleted; 0 for never. Default: `365`."""

    retentionDays: NotRequired[int]
    """Days that the function's own log is kept. One of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545,
    731, 1096, 1827, 2192, 2557, 2922, 3288, 3653. Default: `90`.
    """


class PolicyEnforcement(Enum):
    """One of `mandatory`, `advisory`."""

    Mandatory = "mandatory"
    Advisory = "advisory"


class PolicyAdvisory(Enum):
    """One of `bucket-encryption`, `encryption`, `events-kept`, `imdsv2`, `log-retention`, `no-cluster-admin`,
    `no-host-access`, `no-iam-wildcard`, `no-privileged-container`, `no-public-bucket`, `no-public-endpoint`,
    `no-public-principal`, `pinned-images`, `required-tags`.
    """

    BucketEncryption = "bucket-encryption"
    Encryption = "encryption"
    EventsKept = "events-kept"
    Imdsv2 = "imdsv2"
    LogRetention = "log-retention"
    NoClusterAdmin = "no-cluster-admin"
    NoHostAccess = "no-host-access"
    NoIamWildcard = "no-iam-wildcard"
    NoPrivilegedContainer = "no-privileged-container"
    NoPublicBucket = "no-public-bucket"
    NoPublicEndpoint = "no-public-endpoint"
    NoPublicPrincipal = "no-public-principal"
    PinnedImages = "pinned-images"
    RequiredTags = "required-tags"


class Policy(TypedDict):
    """How the policies of docs/policy.md apply to the stack."""

    enforcement: NotRequired[PolicyEnforcement]
    """Whether a broken policy fails a preview, or is only reported. Default: `"mandatory"`."""

    advisory: NotRequired[list[PolicyAdvisory]]
    """Policies that only report, whatever `enforcement` says."""

    requiredTags: NotRequired[list[str]]
    """Tags that every resource has to have, beside those of `tags`."""

    imagesByDigest: NotRequired[bool]
    """Let the policy `pinned-images` ask for digests; a version will not do then. Default: `false`."""

    mayLose: NotRequired[list[str]]
    """What holds events and may be deleted, replaced or kept for a shorter time, by logical name or URN: see
    docs/policy.md. Remove the entry when it is done.
    """


class Stack(TypedDict):
    """One stack: the clusters of one AWS account in one region, and where their events go."""

    account: NotRequired[str]
    """Id of the AWS account that the stack belongs to, in quotes: the stack refuses credentials of any other
    account, `pulumi destroy` and `pulumi refresh` with `aws:allowedAccountIds` beside it. Default: `any`.
    """

    clusters: NotRequired[pulumi.Input[list[pulumi.Input[Cluster]]]]
    """The clusters whose nodes get a sensor, 1 to 30. Only a hub can have none."""

    network: NotRequired[Network]
    """The VPC of the clusters that the stack creates."""

    events: NotRequired[Events]
    """The log group where every event arrives."""

    imageRegistry: NotRequired[str]
    """Where every image is pulled from: `falcosecurity/falco` and `aws-observability/aws-for-fluent-bit` below it.
    A mirror, or a pull-through cache such as `111122223333.dkr.ecr.eu-west-1.amazonaws.com/ecr-public`, for nodes
    that do not reach the internet. Instances of a created ECS cluster may pull from ECR of the stack's own account
    and region. Default: `"public.ecr.aws"`.
    """

    falco: NotRequired[Falco]
    """Falco's version and rules."""

    fluentBit: NotRequired[FluentBit]
    """Fluent Bit's version."""

    alarms: NotRequired[Alarms]
    """When an alarm fires."""

    hub: NotRequired[Hub]
    """Receive the events of other accounts and regions. docs/hub.md says how."""

    spoke: NotRequired[Spoke]
    """Send the events to a hub."""

    notifications: NotRequired[pulumi.Input[list[pulumi.Input[Notification]]]]
    """Who is notified about alarms. An e-mail address must be confirmed once, by the link that is mailed to it."""

    response: NotRequired[pulumi.Input[Response]]
    """What happens automatically after an event. Default: nothing."""

    policy: NotRequired[Policy]
    """Which policies are mandatory for the stack, and which resources may be lost."""

    tags: NotRequired[dict[str, str]]
    """Tags of every AWS resource of the stack, at most 40: AWS allows 50, and the stack adds up to ten of its own."""
