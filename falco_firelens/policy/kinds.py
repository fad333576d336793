"""Pulumi types that the policies, the preview's comment and the docs treat alike: those with IAM documents."""

from collections.abc import Mapping
from typing import Final

KMS_KEY: Final = "aws:kms/key:Key"

DOCUMENTS: Final[Mapping[str, str]] = {
    "aws:cloudwatch/logDestinationPolicy:LogDestinationPolicy": "accessPolicy",
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": "policyDocument",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "policy",
    "aws:iam/groupPolicy:GroupPolicy": "policy",
    "aws:iam/policy:Policy": "policy",
    "aws:iam/role:Role": "assumeRolePolicy",
    "aws:iam/rolePolicy:RolePolicy": "policy",
    "aws:iam/userPolicy:UserPolicy": "policy",
    KMS_KEY: "policy",
    "aws:opensearch/domain:Domain": "accessPolicies",
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:sns/topic:Topic": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:sqs/queue:Queue": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
}
"""Types with a policy document, and the property that holds it."""

ATTACHMENTS: Final = (
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
)
"""Types that attach a managed policy to a role, a user or a group."""

NARROWING_ONLY: Final = ("aws:ec2/vpcEndpoint:VpcEndpoint",)
"""Types whose document only narrows what other documents allow, so that `*` in it opens nothing:
https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html"""
