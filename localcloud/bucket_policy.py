"""Makes moto heed bucket policies for requests of other accounts, and read them as one that is spoken to over HTTP.

moto lets every account into every bucket. And it takes no notice of conditions, so that the statement that refuses
plain HTTP would refuse every request of the bucket's own account.
"""

import json
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.kms.models import KmsBackend, kms_backends
from moto.s3.exceptions import BucketAccessDeniedError
from moto.s3.models import FakeBucket, S3Backend, s3_backends
from moto.s3.responses import S3Response

from localcloud.resource_policy import Request, allows

PLAIN_HTTP = {"Bool": {"aws:SecureTransport": "false"}}

ACTIONS = {"HeadObject": "GetObject", "ListObjects": "ListBucket", "ListObjectsV2": "ListBucket"}
"""IAM's name of what S3's own names stand for: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations.html"""

DATA_KEY = "kms:GenerateDataKey"
"""What S3 asks of the bucket's key on behalf of whoever writes an object."""


def install() -> None:
    """Make moto do so, in this process."""
    FakeBucket.get_permission = _permission
    allowed = S3Response._authenticate_and_authorize_s3_action  # pyright: ignore[reportPrivateUsage]

    def judged(self: Any, bucket_name: str | None = None, key_name: str | None = None) -> None:
        allowed(self, bucket_name=bucket_name, key_name=key_name)
        operation = self.data["Action"]
        if bucket_name and operation != "CreateBucket":
            action = f"s3:{ACTIONS.get(operation, operation)}"
            if not may(self.current_account, self.backend, bucket_name, key_name, action):
                raise BucketAccessDeniedError(bucket_name)

    S3Response._authenticate_and_authorize_s3_action = judged  # pyright: ignore[reportPrivateUsage]


def may(account: str, s3: S3Backend, bucket_name: str, key_name: str | None, action: str) -> bool:
    """Whether an account may do this to a bucket, or to an object in it.

    Its own account may do anything: identity policies are not looked at. A bucket that is not there is not refused.
    """
    partition, owner = s3_backends.bucket_accounts.get(bucket_name, (s3.partition, account))
    if owner == account:
        return True
    bucket = s3.get_bucket(bucket_name)
    resource = f"arn:{partition}:s3:::{bucket_name}" + (f"/{key_name}" if key_name else "")
    request = Request(account, action, resource, {"aws:SecureTransport": "true"})
    if not allows(bucket.policy.decode() if bucket.policy else None, request):
        return False
    return action != "s3:PutObject" or _may_encrypt(account, owner, bucket)


def _may_encrypt(account: str, owner: str, bucket: FakeBucket) -> bool:
    """Whether the policy of the key with which the bucket encrypts, if it has one of its owner's, lets an account."""
    rule: Any = (bucket.encryption or {}).get("Rule", {})
    key_arn = rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID")
    if not key_arn:
        return True
    region = key_arn.split(":")[3]
    kms: KmsBackend = kms_backends[owner][region]
    key = kms.keys[key_arn.rpartition("/")[2]]
    context = {"kms:ViaService": f"s3.{bucket.region_name}.amazonaws.com"}
    return allows(key.policy, Request(account, DATA_KEY, key_arn, context))


def _permission(self: Any, action: str, resource: str) -> Any:
    if self.policy is None:
        return PermissionResult.NEUTRAL
    return IAMPolicy(applicable(self.policy.decode())).is_action_permitted(action, resource)


def applicable(policy: str) -> str:
    """The policy's other statements."""
    document: dict[str, Any] = json.loads(policy)
    statements = [one for one in document["Statement"] if one.get("Condition") != PLAIN_HTTP]
    return json.dumps({**document, "Statement": statements})
