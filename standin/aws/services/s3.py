"""S3: buckets, and what is set on a bucket by resources of their own."""

from collections.abc import Mapping
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from standin.aws import api
from standin.aws.cloud import Region
from standin.aws.naming import AutoName
from standin.aws.resource import Defaults, Properties, Resource
from standin.aws.tags import Tagging, from_api, to_api

NO_LOCATION = "us-east-1"
"""The region that CreateBucket refuses to hear of."""


class _BucketTags(Tagging):
    """S3 knows only the whole set."""

    def read(self, client: Any, subject: str) -> dict[str, str]:
        """None where there is no set at all, which S3 calls an error."""
        try:
            return from_api(client.get_bucket_tagging(Bucket=subject)["TagSet"])
        except ClientError as error:
            if api.error_code(error) == "NoSuchTagSet":
                return {}
            raise

    def write(self, client: Any, subject: str, desired: Mapping[str, str]) -> None:
        """Replace the set."""
        client.put_bucket_tagging(Bucket=subject, Tagging={"TagSet": to_api(desired)})


class Bucket(Resource):
    """A bucket; everything else about it is set by the types below."""

    token = "aws:s3/bucket:Bucket"
    service = "s3"
    autoname = AutoName("bucket", longest=63)
    create_only = frozenset({"bucket", "bucketPrefix", "objectLockEnabled"})
    defaults: ClassVar[Defaults] = {"forceDestroy": False}
    write_only = frozenset({"forceDestroy", "bucketPrefix"})
    tagging = _BucketTags()

    def create(self, region: Region, inputs: Properties) -> str:
        """Create the bucket in its region."""
        name = self.given_name(inputs, "bucket")
        where = {} if region.name == NO_LOCATION else {"LocationConstraint": region.name}
        self.client(region).create_bucket(
            Bucket=name,
            ObjectLockEnabledForBucket=bool(inputs.get("objectLockEnabled")),
            **({"CreateBucketConfiguration": where} if where else {}),
        )
        return name

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Whether it is there, and its names."""
        self.client(region).head_bucket(Bucket=identity)
        suffix = {"aws-cn": "amazonaws.com.cn"}.get(region.partition, "amazonaws.com")
        return {
            "bucket": identity,
            "arn": f"arn:{region.partition}:s3:::{identity}",
            "bucketDomainName": f"{identity}.s3.{suffix}",
            "bucketRegionalDomainName": f"{identity}.s3.{region.name}.{suffix}",
            "bucketRegion": region.name,
            "objectLockEnabled": state.get("objectLockEnabled", False),
        }

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        """Refused while there is an object, unless the program forces it."""
        s3 = self.client(region)
        if state.get("forceDestroy"):
            empty(s3, identity)
        s3.delete_bucket(Bucket=identity)


class OfBucket(Resource):
    """Something that a bucket has one of; its id is the bucket's name."""

    service = "s3"
    create_only = frozenset({"bucket"})

    def create(self, region: Region, inputs: Properties) -> str:
        self.put(self.client(region), inputs["bucket"], inputs)
        return inputs["bucket"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        if old is not None:
            self.put(self.client(region), identity, inputs)

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        return {"bucket": identity, **self.get(self.client(region), identity)}

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        self.remove(self.client(region), identity)

    def put(self, s3: Any, bucket: str, inputs: Properties) -> None:
        raise NotImplementedError

    def get(self, s3: Any, bucket: str) -> Properties:
        """Return what is set, as properties."""
        raise NotImplementedError

    def remove(self, s3: Any, bucket: str) -> None:
        raise NotImplementedError


class BucketVersioning(OfBucket):
    """Whether versions are kept."""

    token = "aws:s3/bucketVersioning:BucketVersioning"

    def put(self, s3: Any, bucket: str, inputs: Properties) -> None:
        status = inputs["versioningConfiguration"]["status"]
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})

    def get(self, s3: Any, bucket: str) -> Properties:
        return {"versioningConfiguration": {"status": s3.get_bucket_versioning(Bucket=bucket).get("Status", "")}}

    def remove(self, s3: Any, bucket: str) -> None:
        """Do nothing: a bucket cannot go back to having none, and one with object lock cannot even suspend it."""


class BucketPolicy(OfBucket):
    """The bucket's policy."""

    token = "aws:s3/bucketPolicy:BucketPolicy"

    def put(self, s3: Any, bucket: str, inputs: Properties) -> None:
        s3.put_bucket_policy(Bucket=bucket, Policy=inputs["policy"])

    def get(self, s3: Any, bucket: str) -> Properties:
        return {"policy": s3.get_bucket_policy(Bucket=bucket)["Policy"]}

    def remove(self, s3: Any, bucket: str) -> None:
        s3.delete_bucket_policy(Bucket=bucket)


class BucketPublicAccessBlock(OfBucket):
    """What of public access is blocked."""

    token = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    write_only = frozenset({"skipDestroy"})

    def put(self, s3: Any, bucket: str, inputs: Properties) -> None:
        names = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
        desired = {name: bool(inputs.get(name[0].lower() + name[1:])) for name in names}
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=desired)

    def get(self, s3: Any, bucket: str) -> Properties:
        return self.outputs(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"])

    def remove(self, s3: Any, bucket: str) -> None:
        s3.delete_public_access_block(Bucket=bucket)


class BucketOwnershipControls(OfBucket):
    """Who owns what others write."""

    token = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"

    def put(self, s3: Any, bucket: str, inputs: Properties) -> None:
        rules = [{"ObjectOwnership": inputs["rule"]["objectOwnership"]}]
        s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": rules})

    def get(self, s3: Any, bucket: str) -> Properties:
        rules = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
        return {"rule": {"objectOwnership": rules[0]["ObjectOwnership"]}}

    def remove(self, s3: Any, bucket: str) -> None:
        s3.delete_bucket_ownership_controls(Bucket=bucket)


class BucketServerSideEncryptionConfiguration(OfBucket):
    """How objects are encrypted."""

    token = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    rename: ClassVar[api.Rename] = {
        "kmsMasterKeyId": "KMSMasterKeyID",
        "sseAlgorithm": "SSEAlgorithm",
    }

    def put(self, s3: Any, bucket: str, inputs: Properties) -> None:
        desired = api.request(
            s3, "put_bucket_encryption", {"serverSideEncryptionConfiguration": {"rules": inputs["rules"]}}, self.rename
        )
        s3.put_bucket_encryption(Bucket=bucket, **desired)

    def get(self, s3: Any, bucket: str) -> Properties:
        return self.outputs(s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"])

    def remove(self, s3: Any, bucket: str) -> None:
        """Back to S3's own key."""
        s3.delete_bucket_encryption(Bucket=bucket)


class BucketLifecycleConfiguration(OfBucket):
    """When objects move and go."""

    token = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    defaults: ClassVar[Defaults] = {"transitionDefaultMinimumObjectSize": "all_storage_classes_128K"}
    write_only = frozenset({"transitionDefaultMinimumObjectSize", "timeouts"})
    rename: ClassVar[api.Rename] = {"id": "ID"}

    def put(self, s3: Any, bucket: str, inputs: Properties) -> None:
        desired = api.request(
            s3,
            "put_bucket_lifecycle_configuration",
            {"lifecycleConfiguration": {"rules": inputs["rules"]}},
            self.rename,
        )
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, **desired)

    def get(self, s3: Any, bucket: str) -> Properties:
        return self.outputs({"Rules": s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]})

    def remove(self, s3: Any, bucket: str) -> None:
        """Objects stay."""
        s3.delete_bucket_lifecycle(Bucket=bucket)


class BucketObjectLockConfiguration(OfBucket):
    """How long new objects are locked."""

    token = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
    create_only = frozenset({"bucket", "objectLockEnabled"})
    defaults: ClassVar[Defaults] = {"objectLockEnabled": "Enabled"}
    write_only = frozenset({"token"})

    def put(self, s3: Any, bucket: str, inputs: Properties) -> None:
        retention = inputs["rule"]["defaultRetention"]
        rule = {name.capitalize(): value for name, value in retention.items() if value}
        desired = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": rule}}
        s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=desired)

    def get(self, s3: Any, bucket: str) -> Properties:
        found = s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
        retention = found.get("Rule", {}).get("DefaultRetention", {})
        rule = {name.lower(): value for name, value in retention.items() if value}
        return {"objectLockEnabled": found["ObjectLockEnabled"], "rule": {"defaultRetention": rule}}

    def remove(self, s3: Any, bucket: str) -> None:
        """Lock new objects no longer; the bucket keeps the ability."""
        s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled"})


def empty(s3: Any, bucket: str) -> None:
    """Delete every version of every object."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for found in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            s3.delete_object(Bucket=bucket, Key=found["Key"], VersionId=found["VersionId"])


RESOURCES = (
    Bucket,
    BucketVersioning,
    BucketPolicy,
    BucketPublicAccessBlock,
    BucketOwnershipControls,
    BucketServerSideEncryptionConfiguration,
    BucketLifecycleConfiguration,
    BucketObjectLockConfiguration,
)
