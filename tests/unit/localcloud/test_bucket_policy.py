"""Whether the local Firehose may write into a bucket, by the policies that a hub and its spoke really have."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from moto import mock_aws
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends

from localcloud.aws.s3 import may_deliver
from tests.unit.components.cloud import ACCOUNT, Deployed, deploy
from tests.unit.components.stacks import ECS, HUB, HUB_STACK, SHOP, spoke

BUCKET = f"falco-events-{ACCOUNT}-eu-west-1"
OWN = f"events/account={SHOP}/region=us-east-1/x"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/destinations-key"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
Policies = dict[str, str]


@pytest.fixture
def policies() -> Policies:
    """Those of the hub's bucket, of its key, and of the spoke's writer."""
    hub = deploy(HUB)
    shop = deploy({"clusters": [ECS], "spoke": {"hub": HUB_STACK}}, spoke(SHOP, "us-east-1", hub.outputs))
    named = {"bucket": (hub, "BucketPolicy", "archive"), "key": (hub, "Key", "destinations-key")}
    named["role"] = (shop, "RolePolicy", "archive")
    return {name: policy_of(*where) for name, where in named.items()}


def policy_of(stack: Deployed, kind: str, name: str) -> str:
    return str(stack.one(kind, name).inputs["policy"])


@pytest.fixture(autouse=True)
def moto() -> Iterator[None]:
    with mock_aws():
        yield


def delivered(
    policies: Mapping[str, str], key: str = OWN, account: str = SHOP, name: str = "archive-1a2b3c4", by: str = KEY
) -> bool:
    """Whether a writer of an account may write, with everything as the policies say, encrypted by a key."""
    kms, iam, s3 = (
        kms_backends[ACCOUNT]["eu-west-1"],
        iam_backends[account]["aws"],
        s3_backends[ACCOUNT]["aws"],
    )
    made: Any = kms.create_key(policies["key"], "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "", [])
    kms.keys["destinations-key"] = made
    s3.create_bucket(BUCKET, "eu-west-1")
    s3.put_bucket_policy(BUCKET, policies["bucket"].encode())
    encryption: Any = {"Rule": {"ApplyServerSideEncryptionByDefault": {"KMSMasterKeyID": KEY}}}
    s3.put_bucket_encryption(BUCKET, encryption)
    role = iam.create_role(name, TRUST, "/", None, "", [], "3600")
    role.put_policy("writes", policies["role"])
    return may_deliver(account, role.arn, s3_backends[account]["aws"], BUCKET, key, by)


def test_a_spoke_delivers_into_its_own_folder(policies: Policies) -> None:
    assert delivered(policies)


def test_a_spoke_does_not_deliver_into_anothers_folder(policies: Policies) -> None:
    anything = json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    assert not delivered({**policies, "role": anything}, OWN.replace(SHOP, ACCOUNT))


def test_another_role_of_the_account_delivers_nothing(policies: Policies) -> None:
    assert not delivered(policies, name="intruder")


def test_a_stream_with_another_key_delivers_nothing(policies: Policies) -> None:
    assert not delivered(policies, by=KEY.replace(ACCOUNT, SHOP))


@pytest.mark.parametrize("action", ["s3:PutObjectAcl", "s3:PutObject", "kms:GenerateDataKey"])
@pytest.mark.parametrize("policy", ["role", "bucket", "key"])
def test_what_is_taken_out_of_either_policy_stops_the_delivery(policies: Policies, policy: str, action: str) -> None:
    taken = policies[policy].replace(f'"{action}"', '"s3:GetObject"')
    assert delivered({**policies, policy: taken}) is (taken == policies[policy])


def test_in_the_buckets_own_account_no_acl_is_sent(policies: Policies) -> None:
    own = f"events/account={ACCOUNT}/region=eu-west-1/x"
    role = policy_of(deploy({"clusters": [ECS], "events": {"destinations": {"s3": {}}}}), "RolePolicy", "archive")
    assert "s3:PutObjectAcl" not in role
    assert delivered({**policies, "role": role}, own, ACCOUNT)


def test_a_role_that_is_not_there_writes_nothing(policies: Policies) -> None:
    assert delivered(policies)
    nobody = f"arn:aws:iam::{SHOP}:role/nobody"
    assert not may_deliver(SHOP, nobody, s3_backends[SHOP]["aws"], BUCKET, OWN)
