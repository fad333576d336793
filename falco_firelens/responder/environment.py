"""Where the function is, and what it writes to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Places:
    """Where the function is and puts things: made by the stack, and handed over in the function's environment."""

    account: str = ""
    """The ID of the function's own account, which no event can change."""
    region: str = ""
    bucket: str = ""
    table: str = ""
    topic: str = ""
    retries: str = ""
    """URL of the queue of what is to be tried again."""
    webhooks: str = ""
    """Name of the secret that holds the webhooks."""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """The places of a function with this environment."""
        return cls(
            account=environment.get("ACCOUNT", ""),
            region=environment.get("AWS_REGION", ""),
            bucket=environment.get("BUCKET", ""),
            table=environment.get("TABLE", ""),
            topic=environment.get("TOPIC_ARN", ""),
            retries=environment.get("RETRY_QUEUE_URL", ""),
            webhooks=environment.get("WEBHOOKS_SECRET", ""),
        )
