"""What can be wrong with destinations: the text, then the lines of the error."""

from tests.unit.settings.bad_settings import APPS

KEY = "arn:aws:kms:eu-west-1:111122223333:key/0a1b"
NETWORK = "vpcId: vpc-1a2b3c4d, publicSubnetIds: [subnet-1a2b3c4d, subnet-2a2b3c4d, subnet-3a2b3c4d]"
HOST = "dwh.111122223333.eu-west-1.redshift-serverless.amazonaws.com"
WHERE = (
    f"jdbcUrl: 'jdbc:redshift://{HOST}:5439/falco', secretArn: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:x'"
)


def destinations(text: str) -> str:
    return APPS + f"events: {{destinations: {{{text}}}}}"


OF_OUR_BUCKET = "expected this key only where the stack makes the bucket, not beside bucketArn"

TABLE = "1 to 127 lower-case letters, digits and _, not beginning with a digit"
WORD = "a name that is no word of SQL: Firehose's COPY names the table without quotation marks"
JDBC = (
    "expected the URL of a database by AWS's own name for its host, such as "
    "jdbc:redshift://NAME.ID.REGION.redshift.amazonaws.com:5439/DATABASE, without user and password"
)
FLAT = "expected OpenSearch_2.17 or newer, or OpenSearch_2.7 to 2.11: others have no flat objects that take nulls"
OF_ANOTHER = "arn:aws:es:eu-west-1:444455556666:domain/logs"
QUEUE = "arn:aws:sqs:eu-west-1:444455556666:alarms"


def redshift(text: str, where: str = WHERE) -> str:
    return destinations(f"redshift: {{{text}, existing: {{workgroup: dwh, {where}}}}}")


DESTINATIONS = {
    "table with a hyphen": (
        redshift("table: my-events"),
        f'events.destinations.redshift.table: found "my-events", expected {TABLE}',
    ),
    "table with a digit in front": (
        redshift("table: 1st"),
        f'events.destinations.redshift.table: found "1st", expected {TABLE}',
    ),
    "table called like a word of SQL": (
        redshift("table: user"),
        f'events.destinations.redshift.table: found "user", expected {WORD}',
    ),
    "another database than the URL's": (
        redshift("database: dev"),
        'events.destinations.redshift.database: found "dev", expected the database of existing.jdbcUrl, "falco"',
    ),
    "no database, and another one in the URL": (
        redshift("table: events", WHERE.replace("/falco'", "/dev'")),
        'events.destinations.redshift.database: found "falco", expected the database of existing.jdbcUrl, "dev"',
    ),
    "warehouse by address": (
        redshift("table: events", WHERE.replace(HOST, "10.0.0.7")),
        f"events.destinations.redshift.existing.jdbcUrl: found a text (not shown, it may be a secret), {JDBC}",
    ),
    "warehouse by a name of one's own": (
        redshift("table: events", WHERE.replace(HOST, "dwh.example.com")),
        f"events.destinations.redshift.existing.jdbcUrl: found a text (not shown, it may be a secret), {JDBC}",
    ),
    "cluster with an underscore": (
        destinations(f"redshift: {{existing: {{cluster: my_dwh, {WHERE}}}}}"),
        'events.destinations.redshift.existing.cluster: found "my_dwh", expected a cluster\'s identifier, 1 to 63 '
        "lower-case letters, digits and single hyphens, beginning with a letter",
    ),
    "workgroup too short": (
        destinations(f"redshift: {{existing: {{workgroup: wg, {WHERE}}}}}"),
        'events.destinations.redshift.existing.workgroup: found "wg", expected a workgroup\'s name, '
        "3 to 63 lower-case letters, digits and hyphens",
    ),
    "large capacity in small steps": (
        destinations(f"redshift: {{create: {{{NETWORK}, baseCapacityRpus: 520}}}}"),
        "events.destinations.redshift.create.baseCapacityRpus: found the number 520, expected a multiple of 32, "
        "since it is more than 512",
    ),
    "domain from before flat objects": (
        destinations("opensearch: {create: {version: OpenSearch_1.3}}"),
        f'events.destinations.opensearch.create.version: found "OpenSearch_1.3", {FLAT}',
    ),
    "domain whose flat objects refuse nulls": (
        destinations("opensearch: {create: {version: OpenSearch_2.13}}"),
        f'events.destinations.opensearch.create.version: found "OpenSearch_2.13", {FLAT}',
    ),
    "domain on instances with disks of their own": (
        destinations("opensearch: {create: {instanceType: r6gd.large.search}}"),
        'events.destinations.opensearch.create.instanceType: found "r6gd.large.search", '
        "expected a type whose disk is an EBS volume, such as m6g.large.search",
    ),
    "domain on instances that do not encrypt": (
        destinations("opensearch: {create: {instanceType: t2.small.search}}"),
        'events.destinations.opensearch.create.instanceType: found "t2.small.search", '
        "expected a type that encrypts its disk, such as t3.small.search",
    ),
    "many small instances": (
        destinations("opensearch: {create: {instances: 12}}"),
        "events.destinations.opensearch.create.instances: found the number 12, expected at most 10, "
        "because instanceType is t3.small.search",
    ),
    "domain of another account": (
        "account: '111122223333'\n" + destinations(f"opensearch: {{existing: {{domainArn: '{OF_ANOTHER}'}}}}"),
        f'events.destinations.opensearch.existing.domainArn: found "{OF_ANOTHER}", expected a domain of this stack\'s '
        "account, 111122223333: by an ARN Firehose finds only domains of its own account and region",
    ),
    "queue of another account": (
        f"account: '111122223333'\n{APPS}notifications: [{{protocol: sqs, endpoint: '{QUEUE}'}}]",
        "notifications[0].endpoint: found a text (not shown, it may be a secret), "
        "expected a queue of this stack's account, 111122223333: "
        "a subscription of another account's queue would be made again by every update",
    ),
    "nowhere": (
        APPS + "events: {cloudwatch: false}",
        "events.destinations: found none, expected at least one destination, because cloudwatch is false",
    ),
    "nowhere in many words": (
        APPS + "events: {cloudwatch: false, destinations: {}}",
        "events.destinations: found none, expected at least one destination, because cloudwatch is false",
    ),
    "unknown destination": (
        destinations("kafka: {}"),
        "events.destinations.kafka: found an unknown key, expected one of s3, opensearch, redshift",
    ),
    "key without its bucket": (
        destinations(f"s3: {{kmsKeyArn: '{KEY}'}}"),
        "events.destinations.s3.bucketArn: found nothing, expected the bucket that kmsKeyArn encrypts; "
        "a bucket that the stack makes has a key of its own",
    ),
    "bucket by name": (
        destinations("s3: {bucketArn: events}"),
        'events.destinations.s3.bucketArn: found "events", expected the ARN of a bucket, arn:aws:s3:::NAME',
    ),
    "how a given bucket is made": (
        destinations("s3: {bucketArn: 'arn:aws:s3:::events', versioning: true, expireDays: 400}"),
        f"events.destinations.s3.expireDays: found the number 400, {OF_OUR_BUCKET}",
        f"events.destinations.s3.versioning: found true, {OF_OUR_BUCKET}",
    ),
    "format": (
        destinations("s3: {format: orc}"),
        'events.destinations.s3.format: found "orc", expected one of parquet, json',
    ),
    "parquet with a small buffer": (
        destinations("s3: {bufferMib: 5}"),
        "events.destinations.s3.bufferMib: found the number 5, expected at least 64, because format is parquet",
    ),
    "large buffer": (
        destinations("s3: {format: json, bufferMib: 200}"),
        "events.destinations.s3.bufferMib: found the number 200, expected at most 128",
    ),
    "hasty buffer": (
        destinations("s3: {bufferSeconds: 10}"),
        "events.destinations.s3.bufferSeconds: found the number 10, expected at least 60",
    ),
    "lock without versioning": (
        destinations("s3: {versioning: false, objectLockDays: 30}"),
        "events.destinations.s3.objectLockDays: found the number 30, "
        "expected this key only with versioning true: what is locked are versions",
    ),
    "expires while locked": (
        destinations("s3: {objectLockDays: 400, expireDays: 365}"),
        "events.destinations.s3.expireDays: found the number 365, expected more than objectLockDays (400), "
        "or 0 for never",
    ),
    "moves too early": (
        destinations("s3: {infrequentAccessDays: 7}"),
        "events.destinations.s3.infrequentAccessDays: found the number 7, expected at least 30, or 0 for never",
    ),
    "domain made and given": (
        destinations("opensearch: {create: {}, existing: {domainArn: 'arn:aws:es:eu-west-1:111122223333:domain/abc'}}"),
        "events.destinations.opensearch: found both, expected either create or existing",
    ),
    "no domain": (
        destinations("opensearch: {existing: {}}"),
        "events.destinations.opensearch.existing.domainArn: found nothing, expected the domain's ARN",
    ),
    "domain's endpoint": (
        destinations("opensearch: {existing: {domainArn: 'https://search.example.com'}}"),
        'events.destinations.opensearch.existing.domainArn: found "https://search.example.com", '
        "expected the ARN of an OpenSearch domain, arn:aws:es:REGION:ACCOUNT:domain/NAME",
    ),
    "rotation": (
        destinations("opensearch: {indexRotation: daily}"),
        'events.destinations.opensearch.indexRotation: found "daily", expected one of OneDay, OneWeek, OneMonth',
    ),
    "no warehouse": (
        destinations("redshift: {table: events}"),
        "events.destinations.redshift: found neither, expected either create or existing",
    ),
    "warehouse without a word": (
        destinations("redshift: {}"),
        "events.destinations.redshift: found neither, expected either create or existing",
    ),
    "warehouse made and given": (
        destinations(f"redshift: {{create: {{{NETWORK}}}, existing: {{cluster: dwh, {WHERE}}}}}"),
        "events.destinations.redshift: found both, expected either create or existing",
    ),
    "warehouse in two zones": (
        destinations("redshift: {create: {vpcId: vpc-1a2b3c4d, publicSubnetIds: [subnet-1a2b3c4d, subnet-2a2b3c4d]}}"),
        "events.destinations.redshift.create.publicSubnetIds: found a list of 2, expected at least 3",
    ),
    "odd capacity": (
        destinations(f"redshift: {{create: {{{NETWORK}, baseCapacityRpus: 12}}}}"),
        "events.destinations.redshift.create.baseCapacityRpus: found the number 12, expected a multiple of 8",
    ),
    "warehouse nowhere": (
        destinations("redshift: {create: {}}"),
        "events.destinations.redshift.create.publicSubnetIds: found nothing, expected subnets of that VPC with a route "
        "to an internet gateway, in three availability zones, which Redshift requires",
        "events.destinations.redshift.create.vpcId: found nothing, expected id of the VPC for the workgroup",
    ),
    "neither workgroup nor cluster": (
        destinations(f"redshift: {{existing: {{{WHERE}}}}}"),
        "events.destinations.redshift.existing: found neither, expected either workgroup or cluster",
    ),
    "password in the URL's place": (
        destinations("redshift: {existing: {cluster: dwh, jdbcUrl: 'postgres://h/falco', secretArn: hunter2}}"),
        f"events.destinations.redshift.existing.jdbcUrl: found a text (not shown, it may be a secret), {JDBC}",
        "events.destinations.redshift.existing.secretArn: found a text (not shown, it may be a secret), "
        "expected the ARN of a secret, arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME",
    ),
}
