"""Runs an action at most once per key and period, across all invocations: Powertools' idempotency over DynamoDB.

https://docs.powertools.aws.dev/lambda/python/latest/utilities/idempotency/
"""

from collections.abc import Callable
from typing import Any, Protocol

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import IdempotencyAlreadyInProgressError
from botocore.exceptions import ClientError

from falco_firelens.responder.grouping import SKEW_SECONDS, Case
from falco_firelens.responder.outcome import RUNNING, BusyError

Act = Callable[[], dict[str, Any]]


class Ledger(Protocol):
    """Remembers which actions ran."""

    def once(self, key: str, minutes: int, act: Act) -> tuple[dict[str, Any], bool]:
        """Run `act` unless it ran for this key within so many minutes; return its result, and whether it ran now.

        Raises BusyError while another invocation is running it, and whatever `act` raises, which may then run again.
        """
        ...

    def admit(self, case: Case, now: float) -> bool:
        """Return whether one more target is within the playbook's rate limit; the same target counts once."""
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
        config = IdempotencyConfig(expires_after_seconds=minutes * 60 + SKEW_SECONDS)
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

    def admit(self, case: Case, now: float) -> bool:
        """Add the target to the item of the playbook and period; a condition bounds how many targets the item holds."""
        playbook = case.playbook
        period = playbook.most_targets_minutes * 60
        target = case.subject.identity
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"id": {"S": f"rate#{playbook.name}#{int(now // period)}"}},
                UpdateExpression="ADD targets :set SET expiration = :end",
                ConditionExpression="attribute_not_exists(targets) OR contains(targets, :one) OR size(targets) < :most",
                ExpressionAttributeValues={
                    ":set": {"SS": [target]},
                    ":one": {"S": target},
                    ":most": {"N": str(playbook.most_targets)},
                    ":end": {"N": str(int(now) + 2 * period)},
                },
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True
