"""EventDestinations: every Firehose stream of a stack and what it delivers to, under one key."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict

import pulumi
from pulumi_aws import redshiftdata

from falco_firelens.schemas import glue as schema
from falco_firelens.schemas import opensearch, redshift

from ..aws.encrypted_bucket import EncryptedBucket
from ..aws.encryption_key import EncryptionKey, log_group_statement
from ..aws.location import AwsLocation
from ..aws.policy_document import Statement
from .event_archive import (
    ARCHIVE,
    EventArchive,
    EventArchiveArgs,
    EventTable,
    PartitionArgs,
    RetentionArgs,
    account_key_statement,
    archive_key_statements,
    archive_names,
)
from .event_search import DomainArgs, EventSearch, domain_name, search_statements
from .event_stream import (
    BufferArgs,
    EventStream,
    TableArgs,
    error_log_group,
    s3_configuration,
    s3_statements,
    table_statement,
)
from .event_warehouse import EventWarehouse, Warehouse, WorkgroupArgs
from .stream_names import slug_of, stream_names

DELIVERY = "delivery"
"""The bucket for what is on its way to Redshift, and for what OpenSearch refused."""

DELIVERY_DAYS = 90
"""How long that bucket keeps anything."""

RETRY_SECONDS = 7200
"""How long Firehose tries again, the longest that it can; then what it could not deliver stays in the bucket."""


class ReceivingArgs(TypedDict):
    """What a hub's archive has beside the stack's own events. `partitions` are all that it has.

    `streams` are further streams that the key is for, by their names, in which `*` stands for anything.
    """

    partitions: PartitionArgs
    writers: Sequence[str]
    streams: Sequence[str]


class ExistingBucketArgs(TypedDict):
    """A bucket that exists already, and the key that encrypts it, if one does."""

    bucket_arn: str
    key_arn: str | None


class S3Args(TypedDict):
    """The archive: either a bucket that is made, or one that exists."""

    format: Literal["parquet", "json"]
    buffer: BufferArgs
    create: NotRequired[RetentionArgs]
    existing: NotRequired[ExistingBucketArgs]


class OpenSearchArgs(TypedDict):
    """Search: either a domain that is made, or one that exists, by its ARN."""

    index_rotation: str
    create: NotRequired[DomainArgs]
    existing_arn: NotRequired[str]


class RedshiftArgs(TypedDict):
    """A table in a warehouse: either one that is made, or one that exists."""

    database: str
    table: str
    create: NotRequired[WorkgroupArgs]
    existing: NotRequired[Warehouse]


class EventDestinationsArgs(TypedDict):
    """`log_group` is the name that everything is named after, whether there is such a group or not.

    Without `sensors` nobody in the stack sends anything, so that no stream is made: a hub that only receives.
    """

    location: AwsLocation
    log_group: str
    s3: NotRequired[S3Args]
    opensearch: NotRequired[OpenSearchArgs]
    redshift: NotRequired[RedshiftArgs]
    sensors: bool
    receiving: NotRequired[ReceivingArgs]
    protect: bool
    tags: Mapping[str, str]


class EventDestinations(pulumi.ComponentResource):
    """`streams` has the ARN of each stream by destination, `outputs` what a person wants to know about each.

    `archive` is the archive, where the stack has made one, and `key_arn` the key of everything.
    """

    archive: EventArchive | None
    key_arn: pulumi.Output[str]
    streams: Mapping[str, pulumi.Output[str]]
    outputs: Mapping[str, Mapping[str, Any]]

    def __init__(self, name: str, args: EventDestinationsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("falco-firelens:index:EventDestinations", name, {}, opts)
        self._args, self._location, self._tags = args, args["location"], args["tags"]
        self._child = pulumi.ResourceOptions(parent=self)
        given = [destination for destination in ("s3", "opensearch", "redshift") if destination in args]
        self._names = stream_names(given if args["sensors"] else (), args["log_group"])
        self._archive_names = archive_names(self._location, slug_of(args["log_group"]))
        self._receiving = args.get("receiving")
        self.archive = None
        self.key_arn = self._key(name)
        streams: dict[str, EventStream] = {}
        outputs: dict[str, Mapping[str, Any]] = {}
        if "s3" in args:
            stream, outputs["s3"] = self._s3(args["s3"])
            streams |= {"s3": stream} if stream else {}
        if "opensearch" in args or "redshift" in args:
            self._delivery = self._delivery_bucket()
        if "opensearch" in args:
            streams["opensearch"], outputs["opensearch"] = self._opensearch(args["opensearch"])
        if "redshift" in args:
            streams["redshift"], outputs["redshift"] = self._redshift(args["redshift"])
        self.streams = {destination: stream.stream_arn for destination, stream in streams.items()}
        self.outputs = outputs
        self.register_outputs({"streams": self.streams, "outputs": self.outputs})

    def _key(self, name: str) -> pulumi.Output[str]:
        received = self._receiving["streams"] if self._receiving else ()
        streams = (*self._names.values(), *received)
        logs = [log_group_statement(self._location, error_log_group(stream)) for stream in streams]
        statements = [{**log, "Sid": f"LogGroup{number}"} for number, log in enumerate(logs)]
        key = EncryptionKey(
            f"{name}-key",
            {
                "location": self._location,
                "alias": f"firehose/{slug_of(self._args['log_group'])}",
                "description": f"Encrypts what is delivered from {self._args['log_group']}",
                "statements": [*self._users(), *statements],
                "tags": self._tags,
            },
            pulumi.ResourceOptions(parent=self, protect=self._args["protect"]),
        )
        return key.arn

    def _users(self) -> list[Statement]:
        if "create" in self._args.get("s3", {}):
            writers = self._receiving["writers"] if self._receiving else ()
            return archive_key_statements(self._location, self._archive_names["workgroup"], writers)
        return [account_key_statement(self._location)]

    def _s3(self, s3: S3Args) -> tuple[EventStream | None, Mapping[str, Any]]:
        if "create" in s3:
            return self._archive(s3, s3["create"])
        assert "existing" in s3
        return self._existing_bucket(s3, s3["existing"])

    def _archive(self, s3: S3Args, retention: RetentionArgs) -> tuple[EventStream | None, Mapping[str, Any]]:
        location = self._location
        args: EventArchiveArgs = {
            "location": location,
            "names": self._archive_names,
            "key_arn": self.key_arn,
            "format": s3["format"],
            "retention": retention,
            "partitions": {"accounts": [location["account"]], "regions": [location["region"]]},
            "protect": self._args["protect"],
            "tags": self._tags,
        }
        if self._receiving:
            args["partitions"], args["writers"] = self._receiving["partitions"], self._receiving["writers"]
        archive = self.archive = EventArchive("archive", args, self._child)
        output = {
            "bucket": archive.bucket_name,
            "database": archive.database_name,
            "table": archive.table_name,
            "workgroup": archive.workgroup_name,
        }
        if not self._args["sensors"]:
            return None, output
        stream = self._s3_stream(s3, archive.bucket_arn, self.key_arn, archive)
        prefix = schema.events_folder(location["account"], location["region"])
        return stream, {"stream": stream.stream_name, "prefix": prefix, **output}

    def _existing_bucket(self, s3: S3Args, existing: ExistingBucketArgs) -> tuple[EventStream, Mapping[str, Any]]:
        """Return the stream to a bucket of another stack or account; for Parquet with a table of the columns in this
        account.
        """
        location, bucket = self._location, existing["bucket_arn"].rpartition(":")[2]
        table = self._columns(bucket) if s3["format"] == "parquet" else None
        stream = self._s3_stream(s3, existing["bucket_arn"], existing["key_arn"], table)
        prefix = schema.events_folder(location["account"], location["region"])
        return stream, {"stream": stream.stream_name, "bucket": bucket, "prefix": prefix}

    def _columns(self, bucket: str) -> EventTable:
        location = self._location
        return EventTable(
            "archive",
            {
                "location": location,
                "database": self._archive_names["database"],
                "format": "parquet",
                "bucket_name": bucket,
                "partitions": {"accounts": [location["account"]], "regions": [location["region"]]},
                "tags": self._tags,
            },
            self._child,
        )

    def _s3_stream(
        self,
        s3: S3Args,
        bucket_arn: pulumi.Input[str],
        key_arn: pulumi.Input[str] | None,
        table: EventTable | EventArchive | None,
    ) -> EventStream:
        location = self._location
        folders = [
            schema.events_folder(location["account"], location["region"]),
            schema.errors_folder(location["account"], location["region"]),
        ]
        existing = s3.get("existing")
        key_region = existing["key_arn"].split(":")[3] if existing and existing["key_arn"] else location["region"]
        foreign = existing is not None
        statements = s3_statements(location, bucket_arn, key_arn, folders, key_region=key_region, foreign=foreign)
        columns: TableArgs | None = None
        if table and s3["format"] == "parquet":
            columns = {"database_name": table.database_name, "table_name": table.table_name}
            statements.append(table_statement(location, columns))
        return EventStream(
            ARCHIVE,
            {
                "location": location,
                "stream_name": self._names["s3"],
                "key_arn": self.key_arn,
                "destination": "extended_s3",
                "configuration": s3_configuration(location, bucket_arn, key_arn, buffer=s3["buffer"], table=columns),
                "statements": statements,
                "tags": self._tags,
            },
            self._child,
        )

    def _delivery_bucket(self) -> EncryptedBucket:
        location = self._location
        slug = slug_of(self._args["log_group"])[:26].strip("-")
        return EncryptedBucket(
            DELIVERY,
            {
                "location": location,
                "bucket_name": f"{slug}-{DELIVERY}-{location['account']}-{location['region']}",
                "key_arn": self.key_arn,
                "versioning": True,
                "expire_days": DELIVERY_DAYS,
                "protect": self._args["protect"],
                "tags": self._tags,
            },
            self._child,
        )

    def _through_s3(self, folder: str) -> tuple[dict[str, Any], list[Statement]]:
        """Firehose's way through a folder of the delivery bucket: its configuration, and what it needs for it."""
        bucket, key = self._delivery.bucket_arn, self.key_arn
        configuration = {
            "bucket_arn": bucket,
            "prefix": f"{folder}/",
            "error_output_prefix": f"{schema.ERRORS}{folder}/!{{firehose:error-output-type}}/",
            "compression_format": "GZIP",
            "kms_key_arn": key,
        }
        return configuration, s3_statements(self._location, bucket, key, [f"{folder}/", f"{schema.ERRORS}{folder}/"])

    def _opensearch(self, args: OpenSearchArgs) -> tuple[EventStream, Mapping[str, Any]]:
        domain = self._domain(args)
        backup, statements = self._through_s3("opensearch")
        stream = EventStream(
            "search",
            {
                "location": self._location,
                "stream_name": self._names["opensearch"],
                "key_arn": self.key_arn,
                "destination": "opensearch",
                "configuration": {
                    "domain_arn": domain["arn"],
                    "index_name": opensearch.INDEX,
                    "index_rotation_period": args["index_rotation"],
                    "buffering_size": 5,
                    "buffering_interval": 60,
                    "retry_duration": RETRY_SECONDS,
                    "s3_backup_mode": "FailedDocumentsOnly",
                    "s3_configuration": backup,
                },
                "statements": [*search_statements(domain["arn"], opensearch.INDEX), *statements],
                "tags": self._tags,
            },
            self._child,
        )
        return stream, {"stream": stream.stream_name, "refused": self._delivery.bucket_name, "domain": domain}

    def _domain(self, args: OpenSearchArgs) -> Mapping[str, pulumi.Input[str]]:
        """ARN and, of a domain that is made, where it answers."""
        if "existing_arn" in args:
            return {"arn": args["existing_arn"]}
        assert "create" in args
        made = EventSearch(
            "search",
            {
                "location": self._location,
                "domain_name": domain_name(slug_of(self._args["log_group"])),
                "domain": args["create"],
                "key_arn": self.key_arn,
                "protect": self._args["protect"],
                "tags": self._tags,
            },
            self._child,
        )
        return {"arn": made.domain_arn, "endpoint": made.endpoint}

    def _redshift(self, args: RedshiftArgs) -> tuple[EventStream, Mapping[str, Any]]:
        into = self._warehouse(args)
        table = self._table(args, into)
        staging, statements = self._through_s3("redshift")
        secret: Statement = {
            "Sid": "ReadPassword",
            "Effect": "Allow",
            "Action": "secretsmanager:GetSecretValue",
            "Resource": into.secret_arn,
        }
        listing: Statement = {
            "Sid": "CopyFromBucket",
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": self._delivery.bucket_arn,
        }
        stream = EventStream(
            "warehouse",
            {
                "location": self._location,
                "stream_name": self._names["redshift"],
                "key_arn": self.key_arn,
                "destination": "redshift",
                "configuration": {
                    "cluster_jdbcurl": into.jdbc_url,
                    "data_table_name": args["table"],
                    "data_table_columns": redshift.column_list(),
                    "copy_options": redshift.COPY_OPTIONS,
                    "retry_duration": RETRY_SECONDS,
                    "s3_backup_mode": "Disabled",
                    "s3_configuration": staging,
                    "secrets_manager_configuration": {"enabled": True, "secret_arn": into.secret_arn},
                },
                "statements": [secret, listing, *statements],
                "depends_on": [table],
                "tags": self._tags,
            },
            self._child,
        )
        return stream, {
            "stream": stream.stream_name,
            "staging": self._delivery.bucket_name,
            "database": args["database"],
            "table": args["table"],
        }

    def _table(self, args: RedshiftArgs, into: Warehouse) -> pulumi.Resource:
        """Create the table, and again when its place or its definition changes.

        AWS forgets a statement after a day, and what the provider then reads of it is empty: a change by the passing of
        time alone, which would run the statement again.
        """
        sql = redshift.create_table(args["table"])
        return redshiftdata.Statement(
            "warehouse",
            workgroup_name=into.workgroup,
            cluster_identifier=into.cluster,
            database=args["database"],
            secret_arn=into.secret_arn,
            sql=sql,
            opts=pulumi.ResourceOptions(
                parent=self,
                ignore_changes=["clusterIdentifier", "secretArn", "sql", "workgroupName"],
                replacement_trigger=[sql, args["database"], into.workgroup, into.cluster],
            ),
        )

    def _warehouse(self, args: RedshiftArgs) -> Warehouse:
        """One that exists already, or one that is made."""
        if "existing" in args:
            return args["existing"]
        assert "create" in args
        made = EventWarehouse(
            "warehouse",
            {
                "location": self._location,
                "warehouse": f"{slug_of(self._args['log_group'])}-warehouse",
                "database": args["database"],
                "workgroup": args["create"],
                "key_arn": self.key_arn,
                "protect": self._args["protect"],
                "tags": self._tags,
            },
            self._child,
        )
        return Warehouse(made.workgroup_name, None, made.jdbc_url, made.secret_arn)
