"""The function's environment: where it runs, and what it writes to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Environment:
    """What the stack gives the function in its environment variables."""

    account: str = ""
    """The id of the function's own account, which no event can change."""
    region: str = ""
    bucket: str = ""
    table: str = ""
    topic: str = ""
    retries: str = ""
    """URL of the queue of actions to try again."""
    webhooks: str = ""
    """Name of the secret that holds the webhooks."""

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> Self:
        """Read it from environment variables."""
        return cls(
            account=variables.get("ACCOUNT", ""),
            region=variables.get("AWS_REGION", ""),
            bucket=variables.get("BUCKET", ""),
            table=variables.get("TABLE", ""),
            topic=variables.get("TOPIC_ARN", ""),
            retries=variables.get("RETRY_QUEUE_URL", ""),
            webhooks=variables.get("WEBHOOKS_SECRET", ""),
        )
