"""AWS accounts of the local cloud: moto keeps them apart by the role that one assumes, as AWS does."""

import json
from collections.abc import Mapping
from typing import Any

import boto3

ROLE = "arn:aws:iam::{account}:role/falco-firelens-deploy"
CLUSTER = "there-before"
"""An ECS cluster that a stack adopts makes the smallest stack."""


class Accounts:
    """Clients of any account and region of a local cloud."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._endpoint = env["AWS_ENDPOINT_URL"]
        self._keys: dict[str, Mapping[str, str]] = {}

    def client(self, service: str, account: str, region: str = "eu-west-1") -> Any:
        """A boto3 client that acts in an account."""
        if account not in self._keys:
            sts = self._client("sts", region, aws_access_key_id="test", aws_secret_access_key="test")
            given = sts.assume_role(RoleArn=ROLE.format(account=account), RoleSessionName="tests")["Credentials"]
            self._keys[account] = {
                "aws_access_key_id": given["AccessKeyId"],
                "aws_secret_access_key": given["SecretAccessKey"],
                "aws_session_token": given["SessionToken"],
            }
        return self._client(service, region, **self._keys[account])

    def with_cluster(self, account: str, region: str = "eu-west-1") -> None:
        """See that there is an ECS cluster with one container instance."""
        ecs, ec2 = self.client("ecs", account, region), self.client("ec2", account, region)
        if ecs.describe_clusters(clusters=[CLUSTER])["clusters"]:
            return
        ecs.create_cluster(clusterName=CLUSTER)
        image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        instance = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
        document = json.dumps({"instanceId": instance})
        ecs.register_container_instance(cluster=CLUSTER, instanceIdentityDocument=document)

    def _client(self, service: str, region: str, **keys: str) -> Any:
        return boto3.client(service, region_name=region, endpoint_url=self._endpoint, **keys)
