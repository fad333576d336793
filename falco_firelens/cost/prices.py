"""AWS's list prices in us-east-1, in US dollars, without free tiers and volume discounts.

State: those known in November 2026. They could not be looked up at AWS by a program when they were written down, so
compare with the named pages before a decision hangs on them; other regions are up to a quarter more expensive.
"""

from typing import Final

CLOUDWATCH: Final = "https://aws.amazon.com/cloudwatch/pricing/"
FIREHOSE: Final = "https://aws.amazon.com/firehose/pricing/"
S3: Final = "https://aws.amazon.com/s3/pricing/"
OPENSEARCH: Final = "https://aws.amazon.com/opensearch-service/pricing/"
REDSHIFT: Final = "https://aws.amazon.com/redshift/pricing/"
KMS: Final = "https://aws.amazon.com/kms/pricing/"
LAMBDA: Final = "https://aws.amazon.com/lambda/pricing/"
SQS: Final = "https://aws.amazon.com/sqs/pricing/"
SECRETS_MANAGER: Final = "https://aws.amazon.com/secrets-manager/pricing/"

LOGS_INGESTED_GIB: Final = 0.50
LOGS_KEPT_GIB_MONTH: Final = 0.03
METRIC_MONTH: Final = 0.30
ALARM_MONTH: Final = 0.10
"""For each metric that an alarm looks at."""
COMPOSITE_ALARM_MONTH: Final = 0.50
DASHBOARD_MONTH: Final = 3.00

FIREHOSE_GIB: Final = 0.029
CONVERTED_GIB: Final = 0.018
FIREHOSE_STEP: Final = 5 * 1024
"""Bytes to which Firehose rounds every record up."""

S3_GIB_MONTH: Final = 0.023
S3_INFREQUENT_GIB_MONTH: Final = 0.0125
S3_PUT: Final = 0.005 / 1000
S3_TRANSITION: Final = 0.01 / 1000
S3_INFREQUENT_LEAST: Final = 128 * 1024
"""Bytes as which a smaller object counts in infrequent access."""

OPENSEARCH_HOUR: Final = {"t3.small.search": 0.036, "t3.medium.search": 0.073, "m6g.large.search": 0.128}
OPENSEARCH_GIB_MONTH: Final = 0.122
"""Of a gp3 volume."""

RPU_HOUR: Final = 0.375
RPU_LEAST_SECONDS: Final = 60
"""What Redshift Serverless charges at least each time it wakes."""
REDSHIFT_GIB_MONTH: Final = 0.024

LAMBDA_REQUEST: Final = 0.20 / 1_000_000
LAMBDA_GIB_SECOND: Final = 0.0000133334
"""On arm64."""
SQS_REQUEST: Final = 0.40 / 1_000_000

KEY_MONTH: Final = 1.00
SECRET_MONTH: Final = 0.40
