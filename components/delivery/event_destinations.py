"""EventDestinations: every Firehose stream of a stack and what it delivers to, under one key."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_aws import redshiftdata

from falco_firelens.schemas import glue as schema
from falco_firelens.schemas import opensearch, redshift
from falco_firelens.settings import Destinations, OpenSearchDestination, RedshiftDestination, S3Destination

from ..aws.encrypted_bucket import EncryptedBucket
from ..aws.encryption_key import EncryptionKey, log_group_statement
from ..aws.location import Place
from ..aws.policy_document import Statement
from .event_archive import (
    EventArchive,
    EventArchiveArgs,
    EventTable,
    account_key_statement,
    archive_key_statements,
    archive_names,
)
from .event_search import EventSearch, domain_name, search_statements
from .event_stream import EventStream, TableArgs, error_log_group, s3_configuration, s3_statements, table_statement
from .event_warehouse import EventWarehouse, Warehouse
from .stream_names import slug_of, stream_names

DELIVERY = "delivery"
"""The bucket for what is on its way to Redshift, and for what OpenSearch refused."""

DELIVERY_DAYS = 90
"""How long that bucket keeps anything."""

RETRY_SECONDS = 7200
"""How long Firehose tries again, the longest that it can; then what it could not deliver stays in the bucket."""


class ReceivingArgs(TypedDict):
    """What a hub's archive has beside the stack's own events. `accounts` and `regions` are all that it has.

    `streams` are further streams that the key is for, by their names, in which `*` stands for anything.
    """

    accounts: Sequence[str]
    regions: Sequence[str]
    writers: Sequence[str]
    streams: Sequence[str]


class EventDestinationsArgs(TypedDict):
    """`log_group` is the name that everything is called after, whether there is such a group or not.

    Without `sensors` nobody in the stack sends anything, so that no stream is made: a hub that only receives.
    """

    place: Place
    settings: Destinations
    log_group: str
    sensors: bool
    receiving: NotRequired[ReceivingArgs]
    protect: bool
    tags: Mapping[str, str]


class EventDestinations(pulumi.ComponentResource):
    """`streams` has the ARN of each stream by destination, `outputs` what a person wants to know of each.

    `archive` is the archive, where the stack has made one, and `key_arn` the key of everything.
    """

    archive: EventArchive | None
    key_arn: pulumi.Output[str]
    streams: Mapping[str, pulumi.Output[str]]
    outputs: Mapping[str, Mapping[str, Any]]

    def __init__(self, name: str, args: EventDestinationsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("falco-firelens:index:EventDestinations", name, {}, opts)
        self._args, self._place, self._tags = args, args["place"], args["tags"]
        self._child = pulumi.ResourceOptions(parent=self)
        self._names = stream_names(args["settings"], args["log_group"]) if args["sensors"] else {}
        self._archive_names = archive_names(self._place, slug_of(args["log_group"]))
        self._receiving = args.get("receiving")
        self.archive = None
        self.key_arn = self._key(name)
        streams: dict[str, EventStream] = {}
        outputs: dict[str, Mapping[str, Any]] = {}
        if args["settings"].s3:
            stream, outputs["s3"] = self._s3(args["settings"].s3)
            streams |= {"s3": stream} if stream else {}
        if args["settings"].opensearch or args["settings"].redshift:
            self._delivery = self._delivery_bucket()
        if args["settings"].opensearch:
            streams["opensearch"], outputs["opensearch"] = self._opensearch(args["settings"].opensearch)
        if args["settings"].redshift:
            streams["redshift"], outputs["redshift"] = self._redshift(args["settings"].redshift)
        self.streams = {destination: stream.stream_arn for destination, stream in streams.items()}
        self.outputs = outputs
        self.register_outputs({"streams": self.streams, "outputs": self.outputs})

    def _key(self, name: str) -> pulumi.Output[str]:
        received = self._receiving["streams"] if self._receiving else ()
        streams = (*self._names.values(), *received)
        logs = [log_group_statement(self._place, error_log_group(stream)) for stream in streams]
        statements = [{**log, "Sid": f"LogGroup{number}"} for number, log in enumerate(logs)]
        key = EncryptionKey(
            f"{name}-key",
            {
                "place": self._place,
                "alias": f"firehose/{slug_of(self._args['log_group'])}",
                "description": f"Encrypts what is delivered from {self._args['log_group']}",
                "statements": [*self._users(), *statements],
                "tags": self._tags,
            },
            pulumi.ResourceOptions(parent=self, protect=self._args["protect"]),
        )
        return key.arn

    def _users(self) -> list[Statement]:
        s3 = self._args["settings"].s3
        if s3 and not s3.bucket_arn:
            writers = self._receiving["writers"] if self._receiving else ()
            return archive_key_statements(self._place, self._archive_names["workgroup"], writers)
        return [account_key_statement(self._place)]

    def _s3(self, settings: S3Destination) -> tuple[EventStream | None, Mapping[str, Any]]:
        return self._given_bucket(settings, settings.bucket_arn) if settings.bucket_arn else self._archive(settings)

    def _archive(self, settings: S3Destination) -> tuple[EventStream | None, Mapping[str, Any]]:
        place = self._place
        args: EventArchiveArgs = {
            "place": place,
            "names": self._archive_names,
            "key_arn": self.key_arn,
            "format": settings.format,
            "versioning": settings.versioning,
            "infrequent_access_days": settings.infrequent_access_days,
            "expire_days": settings.expire_days,
            "accounts": [place["account"]],
            "regions": [place["region"]],
            "protect": self._args["protect"],
            "tags": self._tags,
        }
        if self._receiving:
            args["accounts"], args["regions"] = self._receiving["accounts"], self._receiving["regions"]
            args["writers"] = self._receiving["writers"]
        if settings.object_lock_days:
            args["object_lock_days"] = settings.object_lock_days
        archive = self.archive = EventArchive("archive", args, self._child)
        output = {
            "bucket": archive.bucket_name,
            "database": archive.database_name,
            "table": archive.table_name,
            "workgroup": archive.workgroup_name,
        }
        if not self._args["sensors"]:
            return None, output
        stream = self._s3_stream(settings, archive.bucket_arn, self.key_arn, archive)
        prefix = schema.events_folder(place["account"], place["region"])
        return stream, {"stream": stream.stream_name, "prefix": prefix, **output}

    def _given_bucket(self, settings: S3Destination, bucket_arn: str) -> tuple[EventStream, Mapping[str, Any]]:
        """A bucket of somebody else: Parquet needs a table of columns in this account all the same."""
        place, bucket = self._place, bucket_arn.rpartition(":")[2]
        table = self._columns(bucket) if settings.format == "parquet" else None
        stream = self._s3_stream(settings, bucket_arn, settings.kms_key_arn, table)
        prefix = schema.events_folder(place["account"], place["region"])
        return stream, {"stream": stream.stream_name, "bucket": bucket, "prefix": prefix}

    def _columns(self, bucket: str) -> EventTable:
        place = self._place
        return EventTable(
            "archive",
            {
                "place": place,
                "database": self._archive_names["database"],
                "format": "parquet",
                "bucket_name": bucket,
                "accounts": [place["account"]],
                "regions": [place["region"]],
                "tags": self._tags,
            },
            self._child,
        )

    def _s3_stream(
        self,
        settings: S3Destination,
        bucket_arn: pulumi.Input[str],
        key_arn: pulumi.Input[str] | None,
        table: EventTable | EventArchive | None,
    ) -> EventStream:
        place = self._place
        folders = [
            schema.events_folder(place["account"], place["region"]),
            schema.errors_folder(place["account"], place["region"]),
        ]
        key_region = settings.kms_key_arn.split(":")[3] if settings.kms_key_arn else place["region"]
        foreign = settings.bucket_arn is not None
        statements = s3_statements(place, bucket_arn, key_arn, folders, key_region=key_region, foreign=foreign)
        columns: TableArgs | None = None
        if table and settings.format == "parquet":
            columns = {"database_name": table.database_name, "table_name": table.table_name}
            statements.append(table_statement(place, columns))
        return EventStream(
            "archive",
            {
                "place": place,
                "stream_name": self._names["s3"],
                "key_arn": self.key_arn,
                "destination": "extended_s3",
                "configuration": s3_configuration(
                    place,
                    bucket_arn,
                    key_arn,
                    buffer_mib=settings.buffer_mib,
                    buffer_seconds=settings.buffer_seconds,
                    table=columns,
                ),
                "statements": statements,
                "tags": self._tags,
            },
            self._child,
        )

    def _delivery_bucket(self) -> EncryptedBucket:
        place = self._place
        slug = slug_of(self._args["log_group"])[:26].strip("-")
        return EncryptedBucket(
            DELIVERY,
            {
                "place": place,
                "bucket_name": f"{slug}-{DELIVERY}-{place['account']}-{place['region']}",
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
        return configuration, s3_statements(self._place, bucket, key, [f"{folder}/", f"{schema.ERRORS}{folder}/"])

    def _opensearch(self, settings: OpenSearchDestination) -> tuple[EventStream, Mapping[str, Any]]:
        domain = self._domain(settings)
        backup, statements = self._through_s3("opensearch")
        stream = EventStream(
            "search",
            {
                "place": self._place,
                "stream_name": self._names["opensearch"],
                "key_arn": self.key_arn,
                "destination": "opensearch",
                "configuration": {
                    "domain_arn": domain["arn"],
                    "index_name": opensearch.INDEX,
                    "index_rotation_period": settings.index_rotation,
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

    def _domain(self, settings: OpenSearchDestination) -> Mapping[str, pulumi.Input[str]]:
        """ARN and, of a domain of ours, where it answers."""
        if settings.existing:
            return {"arn": settings.existing.domain_arn}
        create = settings.create
        assert create is not None
        made = EventSearch(
            "search",
            {
                "place": self._place,
                "domain_name": domain_name(slug_of(self._args["log_group"])),
                "instance_type": create.instance_type,
                "instances": create.instances,
                "volume_gib": create.volume_gib,
                "version": create.version,
                "key_arn": self.key_arn,
                "protect": self._args["protect"],
                "tags": self._tags,
            },
            self._child,
        )
        return {"arn": made.domain_arn, "endpoint": made.endpoint}

    def _redshift(self, settings: RedshiftDestination) -> tuple[EventStream, Mapping[str, Any]]:
        into = self._warehouse(settings)
        table = self._table(settings, into)
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
                "place": self._place,
                "stream_name": self._names["redshift"],
                "key_arn": self.key_arn,
                "destination": "redshift",
                "configuration": {
                    "cluster_jdbcurl": into.jdbc_url,
                    "data_table_name": settings.table,
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
            "database": settings.database,
            "table": settings.table,
        }

    def _table(self, settings: RedshiftDestination, into: Warehouse) -> pulumi.Resource:
        """Makes the table, and again where it would be made elsewhere or otherwise.

        AWS forgets a statement after a day, and what the provider then reads of it is empty: a change by the passing of
        time alone, which would run the statement again.
        """
        sql = redshift.create_table(settings.table)
        return redshiftdata.Statement(
            "warehouse",
            workgroup_name=into.workgroup,
            cluster_identifier=into.cluster,
            database=settings.database,
            secret_arn=into.secret_arn,
            sql=sql,
            opts=pulumi.ResourceOptions(
                parent=self,
                ignore_changes=["clusterIdentifier", "secretArn", "sql", "workgroupName"],
                replacement_trigger=[sql, settings.database, into.workgroup, into.cluster],
            ),
        )

    def _warehouse(self, settings: RedshiftDestination) -> Warehouse:
        """One that is there already, or one of ours."""
        if settings.existing:
            existing = settings.existing
            return Warehouse(existing.workgroup, existing.cluster, existing.jdbc_url, existing.secret_arn)
        create = settings.create
        assert create is not None
        made = EventWarehouse(
            "warehouse",
            {
                "place": self._place,
                "warehouse": f"{slug_of(self._args['log_group'])}-warehouse",
                "database": settings.database,
                "vpc_id": create.vpc_id,
                "subnet_ids": create.public_subnet_ids,
                "base_capacity": create.base_capacity_rpus,
                "key_arn": self.key_arn,
                "protect": self._args["protect"],
                "tags": self._tags,
            },
            self._child,
        )
        return Warehouse(made.workgroup_name, None, made.jdbc_url, made.secret_arn)
