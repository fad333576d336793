"""Makes moto's Redshift Data API forget a statement after a day, as the real one does.

https://docs.aws.amazon.com/redshift-data/latest/APIReference/API_DescribeStatement.html; the error is the one of
https://github.com/pulumi/pulumi-aws/issues/2055.
"""

from typing import Any

from moto.redshiftdata.exceptions import ValidationException
from moto.redshiftdata.models import RedshiftDataAPIServiceBackend, Statement

from localcloud.aws.clock import now

KEPT_SECONDS = 24 * 60 * 60


def install() -> None:
    """Make moto do so, in this process."""
    execute = RedshiftDataAPIServiceBackend.execute_statement
    describe = RedshiftDataAPIServiceBackend.describe_statement
    made: dict[str, float] = {}

    def noted(self: Any, **given: Any) -> Statement:
        statement = execute(self, **given)
        made[statement.id] = now()
        return statement

    def kept(self: Any, statement_id: str) -> Statement:
        statement = describe(self, statement_id)
        end = made[statement_id] + KEPT_SECONDS
        if now() > end:
            raise ValidationException(f"Could not retrieve the query result as it has expired after {int(end)}.")
        return statement

    RedshiftDataAPIServiceBackend.execute_statement = noted  # pyright: ignore[reportAttributeAccessIssue]
    RedshiftDataAPIServiceBackend.describe_statement = kept
