"""Makes moto heed bucket policies for requests of other accounts, and read them as one that is spoken to over HTTP.

What Firehose writes is also judged by the policies of the role that it writes with.

moto lets every account into every bucket. And it takes no notice of conditions, so that the statement that refuses
plain HTTP would refuse every request of the bucket's own account.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.iam.models import iam_backends
from moto.kms.models import KmsBackend, kms_backends
from moto.s3.exceptions import BucketAccessDeniedError
from moto.s3.models import FakeBucket, S3Backend, s3_backends
from moto.s3.responses import S3Response
from moto.sts.models import sts_backends

from localcloud.aws.resource_policy import Request, allows, grants

PLAIN_HTTP = {"Bool": {"aws:SecureTransport": "false"}}

ACTIONS = {"HeadObject": "GetObject", "ListObjects": "ListBucket", "ListObjectsV2": "ListBucket"}
"""IAM's name of what S3's own names stand for: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations.html"""

DATA_KEY = "kms:GenerateDataKey"
"""What S3 asks of the bucket's key on behalf of an object's writer."""

PUT = "s3:PutObject"
PUT_WITH_ACL = (PUT, "s3:PutObjectAcl")
"""What S3 asks for a PutObject, and for one with an ACL in a header:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#permissions-for-putting-acls"""

ACL = "x-amz-acl"
"""The header that Firehose sends with what it writes into another account's bucket, as `bucket-owner-full-control`."""

OVER_TLS = {"aws:SecureTransport": "true"}

PRINCIPAL = "aws:PrincipalArn"

SSE = ("x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id")
SSE_C = "x-amz-server-side-encryption-customer-algorithm"
"""Headers that say how to encrypt an object; IAM's condition keys have the same names, with `s3:` before.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html"""

Keys = Mapping[str, str]
"""Values of condition keys."""


def install() -> None:
    """Make moto do so, in this process."""
    FakeBucket.get_permission = _permission
    allowed = S3Response._authenticate_and_authorize_s3_action  # pyright: ignore[reportPrivateUsage]

    def judged(self: Any, bucket_name: str | None = None, key_name: str | None = None) -> None:
        allowed(self, bucket_name=bucket_name, key_name=key_name)
        operation = self.data["Action"]
        if bucket_name and operation != "CreateBucket":
            action = f"s3:{ACTIONS.get(operation, operation)}"
            actions = PUT_WITH_ACL if action == PUT and ACL in self.headers else (action,)
            keys = _keys(self.current_account, self.backend.partition, self.headers)
            if not may(self.current_account, self.backend, bucket_name, key_name, actions, keys):
                raise BucketAccessDeniedError(bucket_name)

    S3Response._authenticate_and_authorize_s3_action = judged  # pyright: ignore[reportPrivateUsage]


def _keys(account: str, partition: str, headers: Mapping[str, str]) -> Keys:
    """Return a request's condition keys: the caller, by its access key, and the encryption.

    A key that no role has is the account's own.
    """
    key = re.search(r"Credential=([^/]+)/", headers.get("Authorization", ""))
    sessions = sts_backends[account][partition].assumed_roles
    roles = [one.role_arn for one in sessions if key and one.access_key_id == key[1]]
    sent = {f"s3:{name}": headers[name] for name in (*SSE, SSE_C) if name in headers}
    return {PRINCIPAL: roles[0] if roles else f"arn:{partition}:iam::{account}:root", **sent}


def may(
    account: str, s3: S3Backend, bucket_name: str, key_name: str | None, actions: Sequence[str], keys: Keys
) -> bool:
    """Whether somebody of an account may do all of this to a bucket, or to an object in it.

    Its own account may do anything: identity policies are not looked at. A bucket that is not there is not refused.
    """
    _, owner = s3_backends.bucket_accounts.get(bucket_name, (s3.partition, account))
    if owner == account:
        return True
    bucket = s3.get_bucket(bucket_name)
    policy = bucket.policy.decode() if bucket.policy else None
    if not all(allows(policy, one) for one in _requests(account, s3, bucket_name, key_name, actions, keys)):
        return False
    encryption = _encryption(account, bucket) if PUT in actions else None
    return encryption is None or allows(_key_policy(owner, encryption.resource), encryption)


def may_deliver(
    account: str, role_arn: str, s3: S3Backend, bucket_name: str, key_name: str, key_arn: str | None = None
) -> bool:
    """Whether Firehose may write an object with a role of an account, encrypted with a key if it is given one.

    The role's own policies have to allow it, and for another account's bucket that bucket's policy as well.
    """
    keys = {PRINCIPAL: role_arn, **({f"s3:{SSE[0]}": "aws:kms", f"s3:{SSE[1]}": key_arn} if key_arn else {})}
    _, owner = s3_backends.bucket_accounts.get(bucket_name, (s3.partition, account))
    actions = PUT_WITH_ACL if owner != account else (PUT,)
    requests = _requests(account, s3, bucket_name, key_name, actions, keys)
    bucket = s3_backends[owner][s3.partition].buckets.get(bucket_name)
    encryption = _encryption(account, bucket) if bucket else None
    policies = _policies_of(account, s3.partition, role_arn)
    allowed = all(grants(policies, one) for one in [*requests, *([encryption] if encryption else ())])
    return allowed and may(account, s3, bucket_name, key_name, actions, keys)


def _requests(
    account: str, s3: S3Backend, bucket_name: str, key_name: str | None, actions: Sequence[str], keys: Keys
) -> list[Request]:
    resource = f"arn:{s3.partition}:s3:::{bucket_name}" + (f"/{key_name}" if key_name else "")
    return [Request(account, action, resource, {**OVER_TLS, **keys}) for action in actions]


def _encryption(account: str, bucket: FakeBucket) -> Request | None:
    """Return what S3 asks of the key with which a bucket encrypts, if it is a customer's."""
    rule: Any = (bucket.encryption or {}).get("Rule", {})
    key_arn = rule.get("ApplyServerSideEncryptionByDefault", {}).get("KMSMasterKeyID")
    context = {"kms:ViaService": f"s3.{bucket.region_name}.amazonaws.com"}
    return Request(account, DATA_KEY, key_arn, context) if key_arn else None


def _key_policy(owner: str, key_arn: str) -> str:
    kms: KmsBackend = kms_backends[owner][key_arn.split(":")[3]]
    return kms.keys[key_arn.rpartition("/")[2]].policy


def _policies_of(account: str, partition: str, role_arn: str) -> list[str]:
    """Return the documents of a role's policies; none of a role that is not there."""
    roles = [role for role in iam_backends[account][partition].get_roles() if role.arn == role_arn]
    inline = [document for role in roles for document in role.policies.values()]
    managed = [policy for role in roles for policy in role.managed_policies.values()]
    return [*inline, *(one.document for policy in managed for one in policy.versions if one.is_default)]


def _permission(self: Any, action: str, resource: str) -> Any:
    if self.policy is None:
        return PermissionResult.NEUTRAL
    return IAMPolicy(applicable(self.policy.decode())).is_action_permitted(action, resource)


def applicable(policy: str) -> str:
    """Return the policy's other statements."""
    document: dict[str, Any] = json.loads(policy)
    statements = [one for one in document["Statement"] if one.get("Condition") != PLAIN_HTTP]
    return json.dumps({**document, "Statement": statements})
