"""One table of the Pulumi types that the policies, the comment on a pull request and the docs treat alike.

How a rule looks into the properties of a type is the rule's own matter, and so is which types it looks into.
"""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Final


@dataclass(frozen=True)
class Kind:
    """What is known about a type. `noun` is what messages call it, such as `log group`."""

    type: str
    noun: str = ""
    _: KW_ONLY
    holds_events: bool = False
    """Whether events are in it, or cannot be read or made without it."""
    takes_tags: bool = False
    document: str = ""
    """The property with its policy document."""
    narrows: bool = False
    """Whether the document only narrows what other documents allow, so that `*` in it opens nothing."""
    its_own: bool = False
    """Whether the document belongs to one resource, which `*` means in it."""
    trust: bool = False
    """Whether the document says who may act as a role."""
    attaches: bool = False
    """Whether it attaches a managed policy to a role, a user or a group."""


KINDS: Final = (
    # What holds events, the most important first: a comment shows it in this order.
    Kind("aws:cloudwatch/logGroup:LogGroup", "log group", holds_events=True, takes_tags=True),
    Kind("aws:s3/bucket:Bucket", "bucket", holds_events=True, document="policy", takes_tags=True),
    Kind("aws:s3/bucketV2:BucketV2", "bucket", holds_events=True, document="policy", takes_tags=True),
    Kind("aws:kms/key:Key", "KMS key", holds_events=True, document="policy", its_own=True, takes_tags=True),
    Kind(
        "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
        "delivery stream",
        holds_events=True,
        takes_tags=True,
    ),
    Kind("aws:kinesis/stream:Stream", "data stream", holds_events=True, takes_tags=True),
    Kind(
        "aws:opensearch/domain:Domain",
        "OpenSearch domain",
        holds_events=True,
        document="accessPolicies",
        takes_tags=True,
    ),
    Kind("aws:opensearch/serverlessCollection:ServerlessCollection", "OpenSearch collection", holds_events=True),
    Kind("aws:redshift/cluster:Cluster", "Redshift cluster", holds_events=True, takes_tags=True),
    Kind("aws:redshiftserverless/namespace:Namespace", "Redshift namespace", holds_events=True, takes_tags=True),
    Kind("aws:sqs/queue:Queue", "queue", holds_events=True, document="policy", takes_tags=True),
    Kind("aws:eks/cluster:Cluster", "EKS cluster", holds_events=True, takes_tags=True),
    Kind("aws:ecs/cluster:Cluster", "ECS cluster", holds_events=True, takes_tags=True),
    # Everything else, by type.
    Kind("aws:athena/workgroup:Workgroup", takes_tags=True),
    Kind("aws:autoscaling/group:Group", takes_tags=True),
    Kind("aws:cloudwatch/compositeAlarm:CompositeAlarm", takes_tags=True),
    Kind("aws:cloudwatch/eventRule:EventRule", takes_tags=True),
    Kind("aws:cloudwatch/logDestination:LogDestination", takes_tags=True),
    Kind("aws:cloudwatch/logDestinationPolicy:LogDestinationPolicy", document="accessPolicy"),
    Kind("aws:cloudwatch/logResourcePolicy:LogResourcePolicy", document="policyDocument"),
    Kind("aws:cloudwatch/metricAlarm:MetricAlarm", takes_tags=True),
    Kind("aws:dynamodb/resourcePolicy:ResourcePolicy", document="policy"),
    Kind("aws:dynamodb/table:Table", takes_tags=True),
    Kind("aws:ebs/volume:Volume", takes_tags=True),
    Kind("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", takes_tags=True),
    Kind("aws:ec2/eip:Eip", takes_tags=True),
    Kind("aws:ec2/instance:Instance", takes_tags=True),
    Kind("aws:ec2/internetGateway:InternetGateway", takes_tags=True),
    Kind("aws:ec2/launchTemplate:LaunchTemplate", takes_tags=True),
    Kind("aws:ec2/natGateway:NatGateway", takes_tags=True),
    Kind("aws:ec2/routeTable:RouteTable", takes_tags=True),
    Kind("aws:ec2/securityGroup:SecurityGroup", takes_tags=True),
    Kind("aws:ec2/subnet:Subnet", takes_tags=True),
    Kind("aws:ec2/vpc:Vpc", takes_tags=True),
    Kind("aws:ec2/vpcEndpoint:VpcEndpoint", document="policy", narrows=True, takes_tags=True),
    Kind("aws:ecs/capacityProvider:CapacityProvider", takes_tags=True),
    Kind("aws:ecs/service:Service", takes_tags=True),
    Kind("aws:ecs/taskDefinition:TaskDefinition", takes_tags=True),
    Kind("aws:eks/accessEntry:AccessEntry", takes_tags=True),
    Kind("aws:eks/addon:Addon", takes_tags=True),
    Kind("aws:eks/nodeGroup:NodeGroup", takes_tags=True),
    Kind("aws:eks/podIdentityAssociation:PodIdentityAssociation", takes_tags=True),
    Kind("aws:glue/catalogDatabase:CatalogDatabase", takes_tags=True),
    Kind("aws:iam/groupPolicy:GroupPolicy", document="policy"),
    Kind("aws:iam/instanceProfile:InstanceProfile", takes_tags=True),
    Kind("aws:iam/openIdConnectProvider:OpenIdConnectProvider", takes_tags=True),
    Kind("aws:iam/policy:Policy", document="policy", takes_tags=True),
    Kind("aws:iam/role:Role", document="assumeRolePolicy", trust=True, takes_tags=True),
    Kind("aws:iam/rolePolicy:RolePolicy", document="policy"),
    Kind("aws:iam/userPolicy:UserPolicy", document="policy"),
    Kind("aws:lambda/eventSourceMapping:EventSourceMapping", takes_tags=True),
    Kind("aws:lambda/function:Function", takes_tags=True),
    Kind("aws:oam/link:Link", takes_tags=True),
    Kind("aws:oam/sink:Sink", takes_tags=True),
    Kind("aws:oam/sinkPolicy:SinkPolicy", document="policy", its_own=True),
    Kind("aws:observabilityadmin/centralizationRuleForOrganization:CentralizationRuleForOrganization", takes_tags=True),
    Kind("aws:redshiftserverless/workgroup:Workgroup", takes_tags=True),
    Kind("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration", "bucket lifecycle"),
    Kind("aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "bucket lifecycle"),
    Kind("aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration", "object lock"),
    Kind("aws:s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2", "object lock"),
    Kind("aws:s3/bucketPolicy:BucketPolicy", document="policy"),
    Kind("aws:secretsmanager/secret:Secret", document="policy", its_own=True, takes_tags=True),
    Kind("aws:sns/topic:Topic", document="policy", takes_tags=True),
    Kind("aws:sns/topicPolicy:TopicPolicy", document="policy"),
    Kind("aws:sqs/queuePolicy:QueuePolicy", document="policy"),
    Kind("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", takes_tags=True),
    Kind("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", takes_tags=True),
    # Other policies of one resource, whose `*` is that resource, and some of an account or a user.
    Kind("aws:acmpca/policy:Policy", document="policy", its_own=True),
    Kind("aws:amp/resourcePolicy:ResourcePolicy", document="policyDocument", its_own=True),
    Kind("aws:apigateway/domainName:DomainName", document="policy", its_own=True),
    Kind("aws:apigateway/restApi:RestApi", document="policy", its_own=True),
    Kind("aws:apigateway/restApiPolicy:RestApiPolicy", document="policy", its_own=True),
    Kind("aws:backup/vaultPolicy:VaultPolicy", document="policy", its_own=True),
    Kind("aws:bedrock/agentcoreResourcePolicy:AgentcoreResourcePolicy", document="policy", its_own=True),
    Kind("aws:cloudsearch/domainServiceAccessPolicy:DomainServiceAccessPolicy", document="accessPolicy", its_own=True),
    Kind("aws:cloudwatch/eventBusPolicy:EventBusPolicy", document="policy", its_own=True),
    Kind(
        "aws:cloudwatch/logDeliveryDestinationPolicy:LogDeliveryDestinationPolicy",
        document="deliveryDestinationPolicy",
        its_own=True,
    ),
    Kind("aws:codeartifact/domainPermissions:DomainPermissions", document="policyDocument", its_own=True),
    Kind(
        "aws:codeartifact/repositoryPermissionsPolicy:RepositoryPermissionsPolicy",
        document="policyDocument",
        its_own=True,
    ),
    Kind("aws:codebuild/resourcePolicy:ResourcePolicy", document="policy", its_own=True),
    Kind("aws:dsql/clusterPolicy:ClusterPolicy", document="policy", its_own=True),
    Kind("aws:ecr/registryPolicy:RegistryPolicy", document="policy", its_own=True),
    Kind("aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate", document="repositoryPolicy", its_own=True),
    Kind("aws:ecr/repositoryPolicy:RepositoryPolicy", document="policy", its_own=True),
    Kind("aws:ecrpublic/repositoryPolicy:RepositoryPolicy", document="policy", its_own=True),
    Kind("aws:efs/fileSystemPolicy:FileSystemPolicy", document="policy", its_own=True),
    Kind("aws:elasticsearch/domain:Domain", document="accessPolicies", its_own=True),
    Kind("aws:elasticsearch/domainPolicy:DomainPolicy", document="accessPolicies", its_own=True),
    Kind("aws:glacier/vault:Vault", document="accessPolicy", its_own=True),
    Kind("aws:glacier/vaultLock:VaultLock", document="policy", its_own=True),
    Kind("aws:glue/resourcePolicy:ResourcePolicy", document="policy"),
    Kind("aws:iot/policy:Policy", document="policy"),
    Kind("aws:kinesis/resourcePolicy:ResourcePolicy", document="policy", its_own=True),
    Kind("aws:kms/externalKey:ExternalKey", document="policy", its_own=True),
    Kind("aws:kms/keyPolicy:KeyPolicy", document="policy", its_own=True),
    Kind("aws:kms/replicaExternalKey:ReplicaExternalKey", document="policy", its_own=True),
    Kind("aws:kms/replicaKey:ReplicaKey", document="policy", its_own=True),
    Kind("aws:lambda/resourcePolicy:ResourcePolicy", document="policy", its_own=True),
    Kind("aws:mediastore/containerPolicy:ContainerPolicy", document="policy", its_own=True),
    Kind("aws:msk/clusterPolicy:ClusterPolicy", document="policy", its_own=True),
    Kind("aws:networkfirewall/resourcePolicy:ResourcePolicy", document="policy", its_own=True),
    Kind("aws:opensearch/domainPolicy:DomainPolicy", document="accessPolicies", its_own=True),
    Kind("aws:opensearchingest/resourcePolicy:ResourcePolicy", document="policy", its_own=True),
    Kind("aws:pinpoint/smsvoicev2ResourcePolicy:Smsvoicev2ResourcePolicy", document="policy", its_own=True),
    Kind("aws:redshift/resourcePolicy:ResourcePolicy", document="policy", its_own=True),
    Kind("aws:redshiftserverless/resourcePolicy:ResourcePolicy", document="policy", its_own=True),
    Kind("aws:s3/accessPoint:AccessPoint", document="policy", its_own=True),
    Kind("aws:s3/filesFileSystemPolicy:FilesFileSystemPolicy", document="policy", its_own=True),
    Kind("aws:s3/vectorsVectorBucketPolicy:VectorsVectorBucketPolicy", document="policy", its_own=True),
    Kind(
        "aws:s3control/accessGrantsInstanceResourcePolicy:AccessGrantsInstanceResourcePolicy",
        document="policy",
        its_own=True,
    ),
    Kind("aws:s3control/accessPointPolicy:AccessPointPolicy", document="policy", its_own=True),
    Kind("aws:s3control/bucketPolicy:BucketPolicy", document="policy", its_own=True),
    Kind("aws:s3control/objectLambdaAccessPointPolicy:ObjectLambdaAccessPointPolicy", document="policy", its_own=True),
    Kind("aws:s3tables/tableBucketPolicy:TableBucketPolicy", document="resourcePolicy", its_own=True),
    Kind("aws:s3tables/tablePolicy:TablePolicy", document="resourcePolicy", its_own=True),
    Kind("aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy", document="resourcePolicy", its_own=True),
    Kind("aws:schemas/registryPolicy:RegistryPolicy", document="policy", its_own=True),
    Kind("aws:secretsmanager/secretPolicy:SecretPolicy", document="policy", its_own=True),
    Kind("aws:ses/identityPolicy:IdentityPolicy", document="policy", its_own=True),
    Kind("aws:sesv2/emailIdentityPolicy:EmailIdentityPolicy", document="policy", its_own=True),
    Kind("aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy", document="inlinePolicy"),
    Kind("aws:vpclattice/authPolicy:AuthPolicy", document="policy", its_own=True),
    Kind("aws:vpclattice/resourcePolicy:ResourcePolicy", document="policy", its_own=True),
    Kind("aws:xray/resourcePolicy:ResourcePolicy", document="policyDocument"),
    # Policies that only narrow what others allow.
    Kind("aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy", document="policy", narrows=True),
    Kind("aws:rolesanywhere/profile:Profile", document="sessionPolicy", narrows=True),
    Kind("aws:transfer/access:Access", document="policy", narrows=True),
    Kind("aws:transfer/user:User", document="policy", narrows=True),
    # What attaches a managed policy.
    Kind("aws:iam/groupPolicyAttachment:GroupPolicyAttachment", attaches=True),
    Kind("aws:iam/groupPolicyAttachmentsExclusive:GroupPolicyAttachmentsExclusive", attaches=True),
    Kind("aws:iam/policyAttachment:PolicyAttachment", attaches=True),
    Kind("aws:iam/rolePolicyAttachment:RolePolicyAttachment", attaches=True),
    Kind("aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive", attaches=True),
    Kind("aws:iam/userPolicyAttachment:UserPolicyAttachment", attaches=True),
    Kind("aws:iam/userPolicyAttachmentsExclusive:UserPolicyAttachmentsExclusive", attaches=True),
    Kind("aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment", attaches=True),
    Kind("aws:ssoadmin/managedPolicyAttachmentsExclusive:ManagedPolicyAttachmentsExclusive", attaches=True),
)
"""`narrows`: https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html. `its_own`:
https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html,
https://docs.aws.amazon.com/OAM/latest/APIReference/API_PutSinkPolicy.html."""

NOUNS: Final[Mapping[str, str]] = {kind.type: kind.noun for kind in KINDS if kind.noun}
HOLDS_EVENTS: Final = tuple(kind.type for kind in KINDS if kind.holds_events)
TAGGABLE: Final = tuple(kind.type for kind in KINDS if kind.takes_tags)
DOCUMENTS: Final[Mapping[str, str]] = {kind.type: kind.document for kind in KINDS if kind.document}
OPENING: Final = tuple(kind.type for kind in KINDS if kind.document and not kind.narrows)
"""Types whose document can open something to everybody."""
NARROWING_ONLY: Final = tuple(kind.type for kind in KINDS if kind.document and kind.narrows)
TRUST: Final = frozenset(kind.type for kind in KINDS if kind.trust)
ITS_OWN: Final = frozenset(kind.type for kind in KINDS if kind.its_own)
ATTACHMENTS: Final = tuple(kind.type for kind in KINDS if kind.attaches)
