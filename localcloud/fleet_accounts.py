"""Accounts of the local cloud in which stacks of a fleet adopt a cluster that is there already."""

import json
from collections.abc import Mapping
from typing import Any

from fleet.credentials import AssumedRole, clients_of

ROLE = "arn:aws:iam::{account}:role/falco-firelens-deploy"
"""What a fleet assumes; moto asks neither whether it is there nor whom it trusts, and keeps accounts apart by it."""

CLUSTER = "there-before"
"""An ECS cluster that a stack adopts makes the smallest stack."""


class Accounts:
    """Clients of any account and region of a local cloud, whose environment `env` is."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._of_account: dict[str, Mapping[str, str]] = {}

    def client(self, service: str, account: str, region: str = "eu-west-1") -> Any:
        """A boto3 client that acts in an account."""
        if account not in self._of_account:
            self._of_account[account] = AssumedRole(ROLE.format(account=account)).environment(self._env)
        return clients_of(self._of_account[account], region)(service)

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
