"""The accounts of the local cloud: moto tells them apart by the credentials of a role that was assumed."""

import functools
import json
import threading
from collections.abc import Mapping
from typing import Any

ACCOUNT = "123456789012"
"""The account of the stack `local`."""

DEPLOYER = "deployer"
"""The IAM user in it that `make env` acts as. EKS lets the creator of a cluster in, and so has to know who it is."""

ROLE = "arn:aws:iam::{account}:role/falco-firelens-deploy"
"""The role that is assumed in any other account. moto asks neither whether it is there nor whom it trusts."""

CLUSTER = "there-before"
"""An ECS cluster that a stack adopts makes the smallest stack."""

IMAGE = "ami-760aaa0f"
"""An Amazon Linux that moto has; to list them all takes it two seconds."""


def credentials(environment: Mapping[str, str], account: str) -> Mapping[str, str]:
    """Return what to set in the environment in order to act in another account than it does."""
    return assumed(environment, ROLE.format(account=account), "localcloud", "us-east-1")


def assumed(environment: Mapping[str, str], role: str, session: str, region: str) -> Mapping[str, str]:
    """Return the credentials of a role, by its ARN, in the names of the environment.

    Calls with them act in the role's account. `environment` has the endpoint, and the credentials that assume the role.
    """
    sts = client("sts", environment, region)
    given = sts.assume_role(RoleArn=role, RoleSessionName=session)["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }


def client(service: str, environment: Mapping[str, str], region: str = "") -> Any:
    """Return a boto3 client with the credentials, the endpoint and, unless given, the region of an environment.

    Many threads may use a client, but only one at a time a session, which makes it.
    """
    with _making:
        return _session().client(
            service,
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            region_name=region or environment["AWS_REGION"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=environment.get("AWS_SESSION_TOKEN"),
            config=config(),
        )


def config() -> Any:
    """How clients of the local cloud repeat calls: not at all. It throttles nothing, and a failure should show."""
    from botocore.config import Config

    return Config(retries={"total_max_attempts": 1})


_making = threading.Lock()


@functools.cache
def _session() -> Any:
    """One for all clients, since it keeps the models of the services; not boto3's own, which anybody may use."""
    import boto3  # takes half a second, which `make env` does not need

    return boto3.Session()


class Accounts:
    """Any account and region of a local cloud, whose environment `env` is."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._of_account: dict[str, Mapping[str, str]] = {}

    def client(self, service: str, account: str, region: str = "eu-west-1") -> Any:
        """Return a boto3 client that acts in an account."""
        if account not in self._of_account:
            self._of_account[account] = credentials(self._env, account)
        return client(service, {**self._env, **self._of_account[account]}, region)

    def with_cluster(self, account: str, region: str = "eu-west-1") -> None:
        """See that there is an ECS cluster with one container instance, for a stack to adopt."""
        ecs, ec2 = self.client("ecs", account, region), self.client("ec2", account, region)
        if ecs.describe_clusters(clusters=[CLUSTER])["clusters"]:
            return
        ecs.create_cluster(clusterName=CLUSTER)
        container_instance(ec2, ecs, CLUSTER)


def container_instance(ec2: Any, ecs: Any, cluster: str) -> tuple[str, str]:
    """Start an EC2 instance and register it with an ECS cluster: the instance's ID, and the registration's ARN."""
    instance = ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    document = json.dumps({"instanceId": instance})
    answer = ecs.register_container_instance(cluster=cluster, instanceIdentityDocument=document)
    return instance, answer["containerInstance"]["containerInstanceArn"]
