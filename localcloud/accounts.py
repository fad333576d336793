"""More accounts than one in the local cloud: moto tells them apart by the credentials of a role that was assumed."""

from collections.abc import Mapping
from typing import Any

import boto3

from localcloud.layout import Layout

ROLE = "deploy"
"""The role that is assumed in the other account. moto asks neither whether it is there nor whom it trusts."""


def credentials(layout: Layout, account: str) -> Mapping[str, str]:
    """What to set in the environment, beside `localcloud.environment`, in order to act in an account."""
    ports = layout.ports()
    assert ports is not None
    sts: Any = boto3.client(  # pyright: ignore[reportUnknownVariableType]
        "sts",
        endpoint_url=f"http://127.0.0.1:{ports.moto}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    given = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/{ROLE}", RoleSessionName="localcloud")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }
