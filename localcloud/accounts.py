"""The accounts of the local cloud: moto tells them apart by the credentials of a role that was assumed."""

from collections.abc import Mapping
from typing import Any

from localcloud.layout import Layout

ACCOUNT = "123456789012"
"""The account that moto takes every unknown access key for."""

TEST: Mapping[str, str] = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
"""Its credentials."""

ROLE = "deploy"
"""The role that is assumed in the other account. moto asks neither whether it is there nor whom it trusts."""


def credentials(layout: Layout, account: str) -> Mapping[str, str]:
    """What to set in the environment in order to act in an account of a cloud that runs."""
    if account == ACCOUNT:
        return TEST
    role = f"arn:aws:iam::{account}:role/{ROLE}"
    given = _sts(layout).assume_role(RoleArn=role, RoleSessionName="localcloud")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }


def _sts(layout: Layout) -> Any:
    import boto3  # takes half a second, which `make env` does not need

    ports = layout.ports()
    assert ports is not None
    return boto3.client(  # pyright: ignore[reportUnknownVariableType]
        "sts",
        endpoint_url=f"http://127.0.0.1:{ports.moto}",
        region_name="us-east-1",
        aws_access_key_id=TEST["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=TEST["AWS_SECRET_ACCESS_KEY"],
    )
