"""Destinations beside the log group: an archive in S3, search in OpenSearch, a table in Redshift."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ModelWrapValidatorHandler, ValidationInfo, field_validator, model_validator
from pydantic_core import InitErrorDetails

from falco_firelens.settings.redshift_names import (
    JDBC_URL,
    ClusterIdentifier,
    DatabaseName,
    JdbcUrl,
    TableName,
    WorkgroupName,
)
from falco_firelens.settings.types import BucketArn, DomainArn, KmsKeyArn, SecretArn, SubnetId, VpcId
from falco_firelens.settings.validation.alternatives import CreatedOrExisting, exactly_one
from falco_firelens.settings.validation.errors import at, mistake, with_mistakes
from falco_firelens.settings.validation.matching import Matching
from falco_firelens.settings.validation.model import Model
from falco_firelens.settings.validation.raw import keys_of
from falco_firelens.settings.validation.wording import describe

SMALLEST_PARQUET_BUFFER = 64
"""MiB. https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion.html"""

SOONEST_INFREQUENT_ACCESS = 30
"""Days. https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html"""

LARGEST_IN_SMALL_STEPS = 512
"""RPUs. Up to here base capacity goes by 8, above by 32."""

MOST_T_INSTANCES = 10
"""https://docs.aws.amazon.com/opensearch-service/latest/developerguide/limits.html"""

OF_OUR_BUCKET = ("versioning", "objectLockDays", "infrequentAccessDays", "expireDays")
"""Keys that say how a bucket is made."""


class S3Destination(Model):
    """An archive in S3, queried with Athena: by Firehose, one folder an account, region and day."""

    bucket_arn: BucketArn | None = None
    """ARN of a bucket that exists already, such as that of another account. Default: a bucket that the stack
    makes."""

    kms_key_arn: KmsKeyArn | None = None
    """ARN of the KMS key that encrypts the given bucket, if one does; needs `bucketArn`."""

    format: Literal["parquet", "json"] = "parquet"
    """How events are stored: in columns, which are faster and cheaper to query, or as Falco's own JSON, one event a
    line."""

    buffer_mib: Annotated[int, Field(ge=1, le=128)] = SMALLEST_PARQUET_BUFFER
    """Firehose writes an object after this many MiB; Parquet needs at least 64."""

    buffer_seconds: Annotated[int, Field(ge=60, le=900)] = 300
    """Firehose writes an object after at most this many seconds."""

    versioning: bool = True
    """Keep overwritten and deleted objects for another 30 days."""

    object_lock_days: Annotated[int, Field(ge=1, le=36500)] | None = None
    """Days in which nobody can delete an event, not even the account's root; needs `versioning`. Only a new bucket
    can have this, and it cannot be undone."""

    infrequent_access_days: Annotated[int, Field(ge=0, le=36500)] = 90
    """Days, at least 30, after which events move to storage that costs less to keep and more to read; 0 for never."""

    expire_days: Annotated[int, Field(ge=0, le=36500)] = 2555
    """Days after which events are deleted; 0 for never. The default is seven years."""

    @field_validator("buffer_mib")
    @classmethod
    def _large_enough_for_parquet(cls, buffer: int, info: ValidationInfo) -> int:
        if info.data.get("format") == "parquet" and buffer < SMALLEST_PARQUET_BUFFER:
            raise mistake(f"at least {SMALLEST_PARQUET_BUFFER}, because format is parquet")
        return buffer

    @field_validator("object_lock_days")
    @classmethod
    def _locks_versions(cls, days: int | None, info: ValidationInfo) -> int | None:
        if days is not None and info.data.get("versioning") is False:
            raise mistake("this key only with versioning true: what is locked are versions")
        return days

    @field_validator("infrequent_access_days")
    @classmethod
    def _as_early_as_s3_moves(cls, days: int) -> int:
        if 0 < days < SOONEST_INFREQUENT_ACCESS:
            raise mistake(f"at least {SOONEST_INFREQUENT_ACCESS}, or 0 for never")
        return days

    @field_validator("expire_days")
    @classmethod
    def _after_everything_else(cls, days: int, info: ValidationInfo) -> int:
        for key, name in (("object_lock_days", "objectLockDays"), ("infrequent_access_days", "infrequentAccessDays")):
            earlier = info.data.get(key) or 0
            if 0 < days <= earlier:
                raise mistake(f"more than {name} ({earlier}), or 0 for never")
        return days

    @model_validator(mode="wrap")
    @classmethod
    def _made_or_given(cls, data: Any, handler: ModelWrapValidatorHandler["S3Destination"]) -> "S3Destination":
        return with_mistakes(handler, data, _bucket_mistakes(data))


def _bucket_mistakes(data: object) -> Iterator[InitErrorDetails]:
    keys = keys_of(data)
    if "kmsKeyArn" in keys and "bucketArn" not in keys:
        expected = mistake("the bucket that kmsKeyArn encrypts; a bucket that the stack makes has a key of its own")
        yield at(("bucketArn",), None, expected)
    for key in OF_OUR_BUCKET:
        if key in keys and "bucketArn" in keys:
            yield at((key,), keys[key], mistake("this key only where the stack makes the bucket, not beside bucketArn"))


def _on_ebs(instance_type: str) -> str:
    """https://docs.aws.amazon.com/opensearch-service/latest/developerguide/supported-instance-types.html"""
    family = instance_type.partition(".")[0]
    if family in ("m3", "r3", "t2"):
        raise mistake("a type that encrypts its disk, such as t3.small.search")
    if family.endswith("d") or family in ("d2", "i2", "i3", "i4g", "i4i", "i7i", "i8g", "im4gn", "ultrawarm1"):
        raise mistake("a type whose disk is an EBS volume, such as m6g.large.search")
    return instance_type


def has_flat_objects(version: str) -> bool:
    """Whether an engine's version, such as OpenSearch_2.19, takes events into flat objects, nulls among their values.

    They came with 2.7; from 2.12 to 2.16 a null in one, of which Falco's events are full, is refused.
    https://docs.opensearch.org/latest/mappings/supported-field-types/flat-object/
    https://github.com/opensearch-project/OpenSearch/issues/13184 and /pull/14069
    """
    engine, _, number = version.partition("_")
    numbers = tuple(int(part) for part in number.split("."))
    return engine == "OpenSearch" and ((2, 7) <= numbers < (2, 12) or numbers >= (2, 17))


def _flat(version: str) -> str:
    if not has_flat_objects(version):
        raise mistake(
            "OpenSearch_2.17 or newer, or OpenSearch_2.7 to 2.11: others have no flat objects that take nulls"
        )
    return version


class OpenSearchCreate(Model):
    """How to create an OpenSearch domain."""

    instance_type: Annotated[
        str,
        Matching(r"[a-z0-9]+\.[a-z0-9]+\.search", "an instance type such as t3.small.search"),
        AfterValidator(_on_ebs),
    ] = "t3.small.search"
    """Instance type of the data nodes, one with an EBS volume."""

    instances: Annotated[int, Field(ge=1, le=80)] = 2
    """Data nodes, at most 10 of a `t` type; an even number is spread over two availability zones."""

    volume_gib: Annotated[int, Field(ge=10, le=16384)] = 20
    """Disk of each data node. The largest size depends on the type:
    https://docs.aws.amazon.com/opensearch-service/latest/developerguide/limits.html"""

    version: Annotated[
        str, Matching(r"OpenSearch_[0-9]{1,2}\.[0-9]{1,2}", "a version such as OpenSearch_2.19"), AfterValidator(_flat)
    ] = "OpenSearch_2.19"
    """Engine and version, 2.17 or newer, or from 2.7 to 2.11: events need flat objects, which others lack or fill
    wrongly. https://docs.aws.amazon.com/opensearch-service/latest/developerguide/what-is.html"""

    @field_validator("instances")
    @classmethod
    def _as_many_as_the_type_has(cls, instances: int, info: ValidationInfo) -> int:
        small = str(info.data.get("instance_type", "")).startswith("t")
        if small and instances > MOST_T_INSTANCES:
            raise mistake(f"at most {MOST_T_INSTANCES}, because instanceType is {info.data['instance_type']}")
        return instances


class OpenSearchExisting(Model):
    """An OpenSearch domain that exists already."""

    domain_arn: DomainArn
    """The domain's ARN."""


class OpenSearchDestination(CreatedOrExisting):
    """Search in OpenSearch: by Firehose, a new index every day; what the domain refuses is kept in S3."""

    create: OpenSearchCreate | None = None
    """Create the domain. This is the default without `existing`."""

    existing: OpenSearchExisting | None = None
    """Use a domain that exists already."""

    index_rotation: Literal["OneDay", "OneWeek", "OneMonth"] = "OneDay"
    """How often a new index starts."""


def _large_steps(rpus: int) -> int:
    """https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-capacity.html"""
    if rpus > LARGEST_IN_SMALL_STEPS and rpus % 32:
        raise mistake(f"a multiple of 32, since it is more than {LARGEST_IN_SMALL_STEPS}")
    return rpus


class RedshiftCreate(Model):
    """How to create a Redshift Serverless workgroup. Firehose comes by its public address, from which everybody else is
    kept out: https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-rs-vpc"""

    vpc_id: VpcId
    """Id of the VPC for the workgroup."""

    public_subnet_ids: Annotated[tuple[SubnetId, ...], Field(min_length=3)]
    """Subnets of that VPC with a route to an internet gateway, in three availability zones, which Redshift requires."""

    base_capacity_rpus: Annotated[int, Field(ge=8, le=1024, multiple_of=8), AfterValidator(_large_steps)] = 8
    """Base capacity in Redshift Processing Units, which are charged while a query or a copy runs: in steps of 8,
    above 512 in steps of 32. Not every region has more than 512."""


class RedshiftExisting(Model):
    """A Redshift Serverless workgroup or a cluster that exists already. Needs `workgroup` or `cluster`."""

    workgroup: WorkgroupName | None = None
    """Name of a Redshift Serverless workgroup."""

    cluster: ClusterIdentifier | None = None
    """Identifier of a provisioned cluster."""

    jdbc_url: JdbcUrl
    """Where Firehose connects to, jdbc:redshift://HOST:PORT/DATABASE. HOST is AWS's own name for it, such as
    dwh.111122223333.eu-west-1.redshift-serverless.amazonaws.com: Firehose takes neither an IP address nor a
    custom domain name."""

    secret_arn: SecretArn
    """ARN of the Secrets Manager secret with `username` and `password`."""

    @model_validator(mode="wrap")
    @classmethod
    def _workgroup_or_cluster(
        cls, data: Any, handler: ModelWrapValidatorHandler["RedshiftExisting"]
    ) -> "RedshiftExisting":
        return with_mistakes(handler, data, exactly_one(data, "workgroup", "cluster"))


class RedshiftDestination(Model):
    """A table in Redshift: by Firehose, which copies from a staging bucket that the stack makes. Needs `create` or
    `existing`."""

    create: RedshiftCreate | None = None
    """Create a Redshift Serverless workgroup with a namespace."""

    existing: RedshiftExisting | None = None
    """Use a workgroup or a cluster that exists already; it has to be reachable for Firehose:
    https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-rs-vpc"""

    database: DatabaseName = "falco"
    """Name of the database, the one in `jdbcUrl`."""

    table: TableName = "events"
    """Name of the table: lower-case letters, digits and _, but no SQL keyword such as `user` or `order`, since
    Firehose does not quote it."""

    @model_validator(mode="wrap")
    @classmethod
    def _created_or_existing(
        cls, data: Any, handler: ModelWrapValidatorHandler["RedshiftDestination"]
    ) -> "RedshiftDestination":
        return with_mistakes(handler, data, [*exactly_one(data, "create", "existing"), *_another_database(data)])


def _another_database(data: object) -> Iterator[InitErrorDetails]:
    """Yield a mistake where the table is created in one database and Firehose copies into another."""
    keys = keys_of(data)
    url = keys_of(keys.get("existing")).get("jdbcUrl")
    database = keys.get("database", "falco")
    if isinstance(url, str) and "/" in url and isinstance(database, str) and url.rpartition("/")[2] != database:
        error = mistake(f"the database of existing.jdbcUrl{_named(url)}")
        yield at(("database",), database, error)


def _named(url: str) -> str:
    """Nobody knows what follows the last slash of a URL of another form: it may be a part of a password."""
    return f", {describe(url.rpartition('/')[2])}" if re.fullmatch(JDBC_URL.pattern, url) else ""


class Destinations(Model):
    """Where events go beside the log group, or, with `cloudwatch: false`, instead of it."""

    s3: S3Destination | None = None
    """An archive in S3, queried with Athena."""

    opensearch: OpenSearchDestination | None = None
    """Search in OpenSearch."""

    redshift: RedshiftDestination | None = None
    """A table in Redshift."""

    @property
    def names(self) -> tuple[str, ...]:
        """Those that are given, by their keys."""
        given = {"s3": self.s3, "opensearch": self.opensearch, "redshift": self.redshift}
        return tuple(name for name, destination in given.items() if destination)
