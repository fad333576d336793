"""What can be wrong with destinations: the text, then the lines of the error."""

from tests.unit.settings.bad_settings import APPS

KEY = "arn:aws:kms:eu-west-1:111122223333:key/0a1b"
NETWORK = "vpcId: vpc-1a2b3c4d, publicSubnetIds: [subnet-1a2b3c4d, subnet-2a2b3c4d, subnet-3a2b3c4d]"
WHERE = (
    "jdbcUrl: 'jdbc:redshift://h.example.com:5439/falco', "
    "secretArn: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:x'"
)


def destinations(text: str) -> str:
    return APPS + f"events: {{destinations: {{{text}}}}}"


OF_OUR_BUCKET = "expected this key only where the stack makes the bucket, not beside bucketArn"

DESTINATIONS = {
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
        "to an internet gateway, in three availability zones, as Redshift wants them",
        "events.destinations.redshift.create.vpcId: found nothing, expected id of the VPC where it is to be",
    ),
    "neither workgroup nor cluster": (
        destinations(
            "redshift: {existing: {jdbcUrl: 'jdbc:redshift://h.example.com:5439/falco', "
            "secretArn: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:x'}}"
        ),
        "events.destinations.redshift.existing: found neither, expected either workgroup or cluster",
    ),
    "password in the URL's place": (
        destinations("redshift: {existing: {cluster: dwh, jdbcUrl: 'postgres://h/falco', secretArn: hunter2}}"),
        'events.destinations.redshift.existing.jdbcUrl: found "postgres://h/falco", '
        "expected the URL of a database, jdbc:redshift://HOST:PORT/DATABASE",
        'events.destinations.redshift.existing.secretArn: found "hunter2", '
        "expected the ARN of a secret, arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME",
    ),
}
