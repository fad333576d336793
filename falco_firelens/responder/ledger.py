"""Runs an action at most once per key and period, across all invocations: Powertools' idempotency over DynamoDB.

https://docs.powertools.aws.dev/lambda/python/latest/utilities/idempotency/
"""

from collections.abc import Callable
from typing import Any, Literal, Protocol

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import IdempotencyAlreadyInProgressError
from botocore.exceptions import ClientError

from falco_firelens.responder.grouping import SKEW_SECONDS, Case
from falco_firelens.responder.outcome import RUNNING, BusyError
from falco_firelens.responder.targets import Target

Act = Callable[[], dict[str, Any]]

Admission = Literal["new", "known", "refused"]
"""Whether a target is within a playbook's rate limit: for the first time in the period, or again."""

Counter = Literal["targets", "nodes", "reported"]
"""What a playbook's rate limit counts, each by itself: pods and tasks acted on, nodes acted on, and targets to which
nothing was done, but which were reported."""


class Ledger(Protocol):
    """Remembers which actions ran."""

    def once(self, key: str, minutes: int, act: Act) -> tuple[dict[str, Any], bool]:
        """Run `act` unless it ran for this key within so many minutes; return its result, and whether it ran now.

        Raises BusyError while another invocation is running it, and whatever `act` raises, which may then run again.
        """
        ...

    def admit(self, case: Case, target: Target, counter: Counter, now: float) -> Admission:
        """Count a target against the rate limit of the case's playbook in the cluster; the same target counts once."""
        ...

    def release(self, case: Case, target: Target, counter: Counter, now: float) -> None:
        """Count a target no longer that was admitted as a new one at that time: nothing was done to it."""
        ...


class DynamoDbLedger:
    """A ledger in a table with the key `id` and the time to live `expiration`."""

    def __init__(self, table: str, client: Any, context: Any = None) -> None:
        self._table, self._client, self._context = table, client, context
        self._stores: dict[int, DynamoDBPersistenceLayer] = {}

    def once(self, key: str, minutes: int, act: Act) -> tuple[dict[str, Any], bool]:
        """Run `act` unless it ran for this key within so many minutes; see `Ledger`."""
        now = False

        def recorded(*, key: str) -> dict[str, Any]:
            nonlocal now
            now = True
            return act()

        # Powertools begins the table's keys with this name: another one would forget what is done.
        recorded.__qualname__ = "once"
        # Parts of a key are an attacker's text: by MD5, the default, one target could be made to pass for another.
        config = IdempotencyConfig(expires_after_seconds=minutes * 60 + SKEW_SECONDS, hash_function="sha256")
        if self._context is not None:
            config.register_lambda_context(self._context)
        try:
            result = idempotent_function(
                recorded, data_keyword_argument="key", persistence_store=self._store(minutes), config=config
            )(key=key)
        except IdempotencyAlreadyInProgressError:
            raise BusyError(RUNNING) from None
        return result, now

    def _store(self, minutes: int) -> DynamoDBPersistenceLayer:
        """Return the store for a time to live: a store keeps the one that it was first configured with."""
        if minutes not in self._stores:
            self._stores[minutes] = DynamoDBPersistenceLayer(table_name=self._table, boto3_client=self._client)
        return self._stores[minutes]

    def admit(self, case: Case, target: Target, counter: Counter, now: float) -> Admission:
        """Add the target to the item of playbook, cluster and period; a condition bounds how many the item holds."""
        playbook, identity = case.playbook, target.identity
        period = playbook.most_targets_minutes * 60
        try:
            before = self._client.update_item(
                TableName=self._table,
                Key=_rate_key(case, counter, now),
                ReturnValues="UPDATED_OLD",
                UpdateExpression="ADD targets :set SET expiration = :end",
                ConditionExpression="attribute_not_exists(targets) OR contains(targets, :one) OR size(targets) < :most",
                ExpressionAttributeValues={
                    ":set": {"SS": [identity]},
                    ":one": {"S": identity},
                    ":most": {"N": str(playbook.most_targets)},
                    ":end": {"N": str(int(now) + 2 * period)},
                },
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return "refused"
            raise
        known = before.get("Attributes", {}).get("targets", {}).get("SS", ())
        return "known" if identity in known else "new"

    def release(self, case: Case, target: Target, counter: Counter, now: float) -> None:
        """Take the target out of the item again."""
        self._client.update_item(
            TableName=self._table,
            Key=_rate_key(case, counter, now),
            UpdateExpression="DELETE targets :set",
            ExpressionAttributeValues={":set": {"SS": [target.identity]}},
        )


def _rate_key(case: Case, counter: Counter, now: float) -> dict[str, Any]:
    """Each cluster has a limit of its own: events of one must not use up that of another."""
    period = int(now // (case.playbook.most_targets_minutes * 60))
    kind = "" if counter == "targets" else f"#{counter}"
    return {"id": {"S": f"rate#{case.playbook.name}#{case.subject.cluster}#{period}{kind}"}}
