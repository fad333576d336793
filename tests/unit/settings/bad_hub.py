"""What can be wrong with hubs and spokes: the text, then the lines of the error."""

from tests.unit.settings.bad_settings import APPS

SHOP = '{account: "111111111111", regions: [eu-west-1]}'
BUCKET = "arn:aws:s3:::central"
KEY = "arn:aws:kms:eu-west-1:111122223333:key/0a1b"
DESTINATION = "arn:aws:logs:eu-west-1:111122223333:destination:falco"
ACCOUNT = 'expected an account id of 12 digits in quotes, such as "111122223333"'


def hub(rest: str) -> str:
    return f"hub: {{spokes: [{SHOP}], {rest}}}\n"


def spoke(text: str) -> str:
    return APPS + f"spoke: {{{text}}}\n"


HUBS = {
    "no spokes": (
        APPS + "hub: {observability: false}",
        "hub.spokes: found nothing, expected the only accounts that may send; at most 200",
    ),
    "empty spokes": (APPS + "hub: {spokes: []}", "hub.spokes: found a list of 0, expected at least 1"),
    "nothing": (
        APPS + "hub:",
        "hub.spokes: found nothing, expected the only accounts that may send; at most 200",
    ),
    "account as number": (
        APPS + "hub: {spokes: [{account: 111111111111, regions: [eu-west-1]}]}",
        "hub.spokes[0].account: found the number 111111111111, expected a text: put it in quotes, "
        "or YAML reads it as a number",
    ),
    "account of eleven digits": (
        APPS + 'hub: {spokes: [{account: "11111111111", regions: [eu-west-1]}]}',
        f'hub.spokes[0].account: found "11111111111", {ACCOUNT}',
    ),
    "the same spoke twice": (
        APPS + f"hub: {{spokes: [{SHOP}, {SHOP}]}}",
        'hub.spokes[1].account: found "111111111111", expected another account: [0] has this one',
    ),
    "no region": (
        APPS + 'hub: {spokes: [{account: "111111111111", regions: []}]}',
        "hub.spokes[0].regions: found a list of 0, expected at least 1",
    ),
    "no such region": (
        APPS + 'hub: {spokes: [{account: "111111111111", regions: [Ireland]}]}',
        'hub.spokes[0].regions[0]: found "Ireland", expected an AWS region such as eu-west-1',
    ),
    "the same region twice": (
        APPS + 'hub: {spokes: [{account: "111111111111", regions: [eu-west-1, us-east-1, eu-west-1]}]}',
        "hub.spokes[0].regions: found eu-west-1 twice, expected each region once",
    ),
    "organization": (
        hub("organizationId: acme"),
        'hub.organizationId: found "acme", expected the id of an AWS Organization, such as o-a1b2c3d4e5',
    ),
    "hub and spoke": (
        hub("") + f"spoke: {{bucketArn: '{BUCKET}', kmsKeyArn: '{KEY}'}}",
        "spoke: found both, expected either hub or spoke",
    ),
    "a bucket of somebody else": (
        hub("") + f"events: {{destinations: {{s3: {{bucketArn: '{BUCKET}'}}}}}}",
        f'events.destinations.s3.bucketArn: found "{BUCKET}", '
        "expected no bucket of somebody else: a hub's archive is its own",
    ),
    "search without clusters": (
        hub("") + "events: {destinations: {opensearch: {}}}",
        "events.destinations.opensearch: found a mapping, expected this destination only with clusters: "
        "what spokes send goes to the bucket",
    ),
}

SPOKES = {
    "no hub": (spoke("format: json"), "spoke: found neither, expected hub, or bucketArn and kmsKeyArn"),
    "nothing": (APPS + "spoke:", "spoke: found neither, expected hub, or bucketArn and kmsKeyArn"),
    "stack's short name": (
        spoke("hub: hub"),
        'spoke.hub: found "hub", expected a stack\'s full name, ORGANIZATION/PROJECT/STACK; '
        "in a backend of your own ORGANIZATION is organization",
    ),
    "hub said twice": (
        spoke(f"hub: acme/falco-firelens/hub, bucketArn: '{BUCKET}', kmsKeyArn: '{KEY}'"),
        f'spoke.bucketArn: found "{BUCKET}", expected this key only without hub, whose outputs say it',
        f'spoke.kmsKeyArn: found "{KEY}", expected this key only without hub, whose outputs say it',
    ),
    "bucket without its key": (
        spoke(f"bucketArn: '{BUCKET}'"),
        "spoke.kmsKeyArn: found nothing, expected this key beside the other, or hub in place of both",
    ),
    "subscription to nothing": (
        spoke("delivery: subscription"),
        "spoke: found neither, expected hub, or logDestinationArn",
    ),
    "subscription to a bucket": (
        spoke(f"delivery: subscription, logDestinationArn: '{DESTINATION}', bucketArn: '{BUCKET}'"),
        f'spoke.bucketArn: found "{BUCKET}", expected this key only with delivery firehose',
    ),
    "stream to a log destination": (
        spoke(f"bucketArn: '{BUCKET}', kmsKeyArn: '{KEY}', logDestinationArn: '{DESTINATION}'"),
        f'spoke.logDestinationArn: found "{DESTINATION}", expected this key only with delivery subscription',
    ),
    "delivery": (
        spoke("hub: acme/falco-firelens/hub, delivery: kinesis"),
        'spoke.delivery: found "kinesis", expected one of firehose, subscription',
    ),
    "sink": (
        spoke(f"bucketArn: '{BUCKET}', kmsKeyArn: '{KEY}', sinkArn: sink"),
        'spoke.sinkArn: found "sink", expected the ARN of an observability sink, arn:aws:oam:REGION:ACCOUNT:sink/ID',
    ),
    "archive of its own": (
        spoke("hub: acme/falco-firelens/hub") + "events: {destinations: {s3: {}}}",
        "events.destinations.s3: found a mapping, expected no archive of its own: "
        "the spoke's stream delivers to the hub's bucket",
    ),
    "subscription without a log group": (
        spoke("hub: acme/falco-firelens/hub, delivery: subscription")
        + "events: {cloudwatch: false, destinations: {opensearch: {}}}",
        "events.cloudwatch: found false, expected true, because spoke.delivery is subscription, "
        "which reads the log group",
    ),
    "no clusters": (
        "spoke: {hub: acme/falco-firelens/hub}",
        "clusters: found nothing, expected the clusters whose nodes get a sensor, 1 to 30",
    ),
}
