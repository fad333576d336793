"""What a call of a function needs to know, and the result of the call."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

UNRESERVED = 10
"""How many processes a function may have that reserves none: an account's 1,000 are not for one machine."""


@dataclass(frozen=True)
class Function:
    """A function as it was when it was called. Two that are equal can be served by the same process."""

    name: str
    arn: str
    account: str
    region: str
    role: str
    runtime: str
    handler: str
    seconds: int
    memory: int
    variables: Mapping[str, str]
    digest: str
    code: bytes = field(compare=False, repr=False)
    limit: int = field(compare=False)
    """Calls at the same time."""

    @classmethod
    def of(cls, known: Any) -> Self:
        """Return the function from moto's record of it."""
        reserved = known.reserved_concurrency
        return cls(
            name=known.function_name,
            arn=known.function_arn,
            account=known.account_id,
            region=known.region,
            role=known.role,
            runtime=known.run_time or "",
            handler=known.handler or "",
            seconds=int(known.timeout),
            memory=int(known.memory_size),
            variables=dict(known.environment_vars),
            digest=hashlib.sha256(known.code_bytes).hexdigest(),
            code=known.code_bytes,
            limit=UNRESERVED if reserved is None else int(reserved),
        )

    @property
    def log_group(self) -> str:
        """Where what it prints goes."""
        return f"/aws/lambda/{self.name}"


@dataclass(frozen=True)
class Answer:
    """What a call came to: JSON, of an error where `failed`."""

    payload: str
    failed: bool = False

    @classmethod
    def error(cls, kind: str, text: str) -> Self:
        """Return a call that failed outside the function's own code."""
        return cls(json.dumps({"errorType": kind, "errorMessage": text}), failed=True)


class ThrottledError(Exception):
    """As many calls as the function may have are under way."""
