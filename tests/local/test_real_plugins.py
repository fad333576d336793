"""What the vendor's aws plugin needs of the local cloud, asked by boto3, which has the same endpoint rules."""

import boto3
import pytest
from botocore.config import Config

from localcloud.accounts import ACCOUNT


@pytest.mark.local
def test_a_buckets_tags_are_read_from_s3_control_with_moto_as_the_proxy(local_env):
    moto = local_env["AWS_ENDPOINT_URL"]
    tags = [{"Key": "team", "Value": "security"}]

    def client(service, **config):
        return boto3.client(
            service,
            endpoint_url=moto,
            region_name=local_env["AWS_REGION"],
            aws_access_key_id=local_env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=local_env["AWS_SECRET_ACCESS_KEY"],
            config=Config(**config),
        )

    s3 = client("s3")
    s3.create_bucket(Bucket="tagged", CreateBucketConfiguration={"LocationConstraint": local_env["AWS_REGION"]})
    try:
        s3.put_bucket_tagging(Bucket="tagged", Tagging={"TagSet": tags})

        control = client("s3control", proxies={"http": moto})
        found = control.list_tags_for_resource(AccountId=ACCOUNT, ResourceArn="arn:aws:s3:::tagged")

        assert found["Tags"] == tags
        assert control.meta.endpoint_url == moto, "the account's id is put before it"
    finally:
        s3.delete_bucket(Bucket="tagged")
