"""Buckets, whose encryption and privacy other resources see to."""

from typing import Any

import pytest

from falco_firelens.policy.rule import UNKNOWN, Resource, StackRule
from falco_firelens.policy.rules import RULES
from falco_firelens.policy.storage import BUCKETS, FLAGS
from tests.unit.policy.samples import KEY

BY_NAME = {rule.name: rule for rule in RULES if isinstance(rule, StackRule)}

BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"

ALL_ON = dict.fromkeys(FLAGS, True)

NO_BLOCK = (
    "b: its BucketPublicAccessBlock: found none; "
    "write one with blockPublicAcls, blockPublicPolicy, ignorePublicAcls, restrictPublicBuckets: true"
)
NO_KEY = "b: its encryption: found no customer key; write sseAlgorithm: aws:kms and kmsMasterKeyId"


def bucket(name: str = "b", kind: str = BUCKETS[0], **props: Any) -> Resource:
    return Resource(kind, name, f"urn:{name}", props)


def of(bucket: Resource, kind: str, props: dict[str, Any]) -> Resource:
    """Settings that take the bucket's name from the bucket, which a preview does not know."""
    origins = {"bucket": frozenset([bucket.urn])}
    return Resource(kind, f"{bucket.name}-settings", f"{bucket.urn}-{kind}", {"bucket": UNKNOWN, **props}, origins)


def rules(algorithm: object = "aws:kms", key: object = KEY) -> list[dict[str, Any]]:
    return [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": algorithm, "kmsMasterKeyId": key}}]


def said(policy: str, *resources: Resource) -> list[str]:
    return [f"{resource.name}: {finding}" for resource, finding in BY_NAME[policy].findings(resources)]


@pytest.mark.parametrize("kind", BUCKETS)
def test_a_bucket_is_private_and_encrypted(kind: str) -> None:
    it = bucket(kind=kind)
    assert said("no-public-bucket", it, of(it, BLOCK, ALL_ON)) == []
    assert said("bucket-encryption", it, of(it, ENCRYPTION, {"rules": rules()})) == []
    assert said("no-public-bucket", it) == [NO_BLOCK]
    assert said("bucket-encryption", it) == [NO_KEY]


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("value", [False, None])
def test_each_flag_is_needed(flag: str, value: object) -> None:
    it = bucket()
    shown = "nothing" if value is None else "false"
    assert said("no-public-bucket", it, of(it, BLOCK, {**ALL_ON, flag: value})) == [
        f"b-settings: {flag}: found {shown}; write true"
    ]


@pytest.mark.parametrize("rule", [
    rules("AES256", None), rules(key=None), rules(key="alias/aws/s3"), rules("AES256"), [], [{}],
])  # fmt: skip
def test_a_key_that_is_not_the_customers_is_none(rule: list[dict[str, Any]]) -> None:
    it = bucket()
    assert said("bucket-encryption", it, of(it, ENCRYPTION, {"rules": rule})) == [NO_KEY]


def test_encryption_can_be_written_into_the_bucket() -> None:
    assert said("bucket-encryption", bucket(serverSideEncryptionConfiguration={"rule": rules()[0]})) == []
    keyed = {"rule": rules(key=UNKNOWN)[0]}
    assert said("bucket-encryption", bucket(serverSideEncryptionConfiguration=keyed)) == []


def test_what_a_bucket_that_says_nothing_will_answer_counts_for_nothing() -> None:
    assert said("bucket-encryption", bucket(serverSideEncryptionConfiguration=UNKNOWN)) == [NO_KEY]


@pytest.mark.parametrize("given", [rules(UNKNOWN, UNKNOWN), [UNKNOWN], UNKNOWN])
def test_what_a_preview_cannot_know_breaks_nothing(given: object) -> None:
    it = bucket()
    assert said("bucket-encryption", it, of(it, ENCRYPTION, {"rules": given})) == []
    assert said("no-public-bucket", it, of(it, BLOCK, dict.fromkeys(FLAGS, UNKNOWN))) == []


def test_settings_of_another_bucket_do_not_count() -> None:
    it, other = bucket(bucket="one"), bucket("other", bucket="two")
    both = [of(other, BLOCK, ALL_ON), of(other, ENCRYPTION, {"rules": rules()})]
    assert said("no-public-bucket", it, other, *both) == [NO_BLOCK]
    assert said("bucket-encryption", it, other, *both) == [NO_KEY]


@pytest.mark.parametrize("props", [{"bucket": "events"}, {"id": "events"}])
def test_settings_may_name_the_bucket(props: dict[str, Any]) -> None:
    named = Resource(BLOCK, "block", "urn:block", {"bucket": "events", **ALL_ON})
    assert said("no-public-bucket", bucket(**props), named) == []
    assert said("no-public-bucket", bucket(bucket="others"), named) == [NO_BLOCK]
    assert said("no-public-bucket", bucket(bucket=UNKNOWN), named) == [NO_BLOCK]
