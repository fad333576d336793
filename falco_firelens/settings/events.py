"""Where every event arrives: a log group, and further destinations."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field, ModelWrapValidatorHandler, model_validator
from pydantic_core import InitErrorDetails

from falco_firelens.contract import Priority
from falco_firelens.settings.destinations import Destinations
from falco_firelens.settings.types import KmsKeyArn, LogGroupName, RetentionDays
from falco_firelens.settings.validation.errors import at, mistake, with_mistakes
from falco_firelens.settings.validation.model import Model
from falco_firelens.settings.validation.raw import keys_of


class Events(Model):
    """Where the events of all clusters go, and which."""

    cloudwatch: bool = True
    """Ship to a log group. With false, events go to `destinations` only."""

    log_group: LogGroupName = "/falco/events"
    """Name of the CloudWatch log group that the stack creates. Bucket, streams and tables are named after it."""

    retention_days: RetentionDays = 90
    """Days that CloudWatch keeps an event; it allows only these values."""

    kms_key_arn: KmsKeyArn | None = None
    """ARN of the KMS key that encrypts the log group; its policy must let CloudWatch Logs use it. Default: a key that
    the stack makes."""

    minimum_priority: Priority = "Notice"
    """Falco reports rules of this priority or higher."""

    budget: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Events of one rule and one workload (a pod, an ECS task, the node itself) that a node ships in a minute.
    Further ones are dropped and counted, and the next event says how many: docs/pipeline.md. Critical and higher
    ones are never dropped. Default: ship all."""

    protect: bool = False
    """Refuse to delete the log group, and the stack with it, until this is false again."""

    destinations: Destinations = Destinations()
    """Where else events go, by Firehose."""

    @model_validator(mode="wrap")
    @classmethod
    def _somewhere(cls, data: Any, handler: ModelWrapValidatorHandler["Events"]) -> "Events":
        return with_mistakes(handler, data, _nowhere(data))


def _nowhere(data: object) -> Iterator[InitErrorDetails]:
    keys = keys_of(data)
    if keys.get("cloudwatch") is False and not keys_of(keys.get("destinations")):
        error = mistake("at least one destination, because cloudwatch is false", found="none")
        yield at(("destinations",), keys.get("destinations"), error)
