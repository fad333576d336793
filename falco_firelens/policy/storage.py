"""Storage: buckets are private and encrypted, as other resources of the stack make them; log groups keep for a time."""

from collections.abc import Iterator, Sequence

from falco_firelens.policy.rule import UNKNOWN, Finding, Resource, Rule, StackRule, is_off, items_of, keys_of, show

BUCKETS = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")

BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"

ENCRYPTIONS = tuple(
    f"aws:s3/bucketServerSideEncryptionConfiguration{version}:BucketServerSideEncryptionConfiguration{version}"
    for version in ("", "V2")
)

FLAGS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
"""All four are needed: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html"""


def _of_bucket(bucket: Resource, resources: Sequence[Resource], types: Sequence[str]) -> Iterator[Resource]:
    """Yield the settings of a bucket: they take its name from it, or have the same written down."""
    names = {bucket.props.get(key) for key in ("bucket", "id") if bucket.props.get(key) not in (None, "", UNKNOWN)}
    for resource in resources:
        if resource.type in types and (
            bucket.urn in resource.origins.get("bucket", ()) or resource.props.get("bucket") in names
        ):
            yield resource


def _private(resources: Sequence[Resource]) -> Iterator[tuple[Resource, Finding]]:
    for bucket in resources:
        if bucket.type not in BUCKETS:
            continue
        blocks = list(_of_bucket(bucket, resources, (BLOCK,)))
        if not blocks:
            flags = ", ".join(FLAGS)
            yield bucket, Finding("its BucketPublicAccessBlock", "none", f"one with {flags}: true")
        for block in blocks:
            for flag in FLAGS:
                if is_off(block.props.get(flag)):
                    yield block, Finding(flag, show(block.props.get(flag)), "true")


def _encrypted(resources: Sequence[Resource]) -> Iterator[tuple[Resource, Finding]]:
    for bucket in resources:
        if bucket.type not in BUCKETS:
            continue
        rules = _inline_rules(bucket)
        for settings in _of_bucket(bucket, resources, ENCRYPTIONS):
            rules += items_of(settings.props.get("rules"))
        if not any(map(_is_customer_key, rules)):
            yield bucket, Finding("its encryption", "no customer key", "sseAlgorithm: aws:kms and kmsMasterKeyId")


def _inline_rules(bucket: Resource) -> list[object]:
    """Return what the bucket itself says. A preview does not know what a bucket that says nothing will answer."""
    configuration = bucket.props.get("serverSideEncryptionConfiguration")
    return [] if configuration is UNKNOWN else [*items_of(keys_of(configuration).get("rule"))]


def _is_customer_key(rule: object) -> bool:
    default = keys_of(keys_of(rule).get("applyServerSideEncryptionByDefault"))
    key = default.get("kmsMasterKeyId")
    return (
        default.get("sseAlgorithm") in ("aws:kms", "aws:kms:dsse", UNKNOWN)
        and bool(key)
        and "alias/aws/" not in str(key)
    )


def _retention(resource: Resource) -> Iterator[Finding]:
    days = resource.props.get("retentionInDays")
    if not days:  # to AWS, 0 is forever too
        yield Finding("retentionInDays", f"{show(days)}, which is forever", "a number of days, such as 90")


RULES = (
    StackRule("no-public-bucket", "No bucket can be made public.", _private, BUCKETS),
    StackRule("bucket-encryption", "Buckets are encrypted with a customer key.", _encrypted, BUCKETS),
    Rule("log-retention", "Log groups keep logs for a time.", {"aws:cloudwatch/logGroup:LogGroup": _retention}),
)
