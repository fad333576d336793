"""Encryption: whatever keeps events, or could show them, is encrypted with a customer key."""

from collections.abc import Iterator

from falco_firelens.policy.rule import UNKNOWN, Check, Finding, Resource, Rule, is_off, items_of, keys_of, show

CUSTOMER_KEY = "the ARN of a customer key"


def _key(path: str, value: object) -> Iterator[Finding]:
    """Yield a finding where the key is missing, or AWS's own: nobody can say who may use that one, nor withdraw it."""
    if not value:
        yield Finding(path, "nothing", CUSTOMER_KEY)
    elif isinstance(value, str) and "alias/aws/" in value:
        yield Finding(path, f"{show(value)}, AWS's own key", CUSTOMER_KEY)


def _switch(path: str, value: object) -> Iterator[Finding]:
    if is_off(value):
        yield Finding(path, show(value), "true")


def _key_in(name: str) -> Check:
    return lambda resource: _key(name, resource.props.get(name))


def _switch_and_key(resource: Resource) -> Iterator[Finding]:
    yield from _switch("encrypted", resource.props.get("encrypted"))
    yield from _key("kmsKeyId", resource.props.get("kmsKeyId"))


def _disks(resource: Resource) -> Iterator[Finding]:
    mappings = items_of(resource.props.get("blockDeviceMappings"))
    disks = [(index, keys_of(mapping).get("ebs")) for index, mapping in enumerate(mappings)]
    if not any(disk for _, disk in disks):
        yield Finding("blockDeviceMappings", "no disk", "each disk with ebs.encrypted: true and ebs.kmsKeyId")
    for index, disk in disks:
        path = f"blockDeviceMappings[{index}].ebs"
        if disk:
            yield from _switch(f"{path}.encrypted", keys_of(disk).get("encrypted"))
            yield from _key(f"{path}.kmsKeyId", keys_of(disk).get("kmsKeyId"))


def _secrets(resource: Resource) -> Iterator[Finding]:
    configuration = keys_of(resource.props.get("encryptionConfig"))
    covered = any(kind in ("secrets", UNKNOWN) for kind in items_of(configuration.get("resources")))
    key = keys_of(configuration.get("provider")).get("keyArn")
    yield from _key("encryptionConfig.provider.keyArn", key if covered else None)


def _delivery_stream(resource: Resource) -> Iterator[Finding]:
    if resource.props.get("kinesisSourceConfiguration"):
        return  # nothing waits in such a stream; the data stream itself is encrypted
    encryption = keys_of(resource.props.get("serverSideEncryption"))
    yield from _switch("serverSideEncryption.enabled", encryption.get("enabled"))
    yield from _key("serverSideEncryption.keyArn", encryption.get("keyArn"))


def _data_stream(resource: Resource) -> Iterator[Finding]:
    kind = resource.props.get("encryptionType")
    if kind not in ("KMS", UNKNOWN):
        yield Finding("encryptionType", show(kind), '"KMS"')
    yield from _key("kmsKeyId", resource.props.get("kmsKeyId"))


def _domain(resource: Resource) -> Iterator[Finding]:
    props = resource.props
    at_rest = keys_of(props.get("encryptAtRest"))
    yield from _switch("encryptAtRest.enabled", at_rest.get("enabled"))
    yield from _key("encryptAtRest.kmsKeyId", at_rest.get("kmsKeyId"))
    between = keys_of(props.get("nodeToNodeEncryption")).get("enabled")
    yield from _switch("nodeToNodeEncryption.enabled", between)
    https = keys_of(props.get("domainEndpointOptions")).get("enforceHttps")
    yield from _switch("domainEndpointOptions.enforceHttps", https)


RULES = (
    Rule(
        "encryption",
        "What keeps events is encrypted with a customer key.",
        {
            "aws:cloudwatch/logGroup:LogGroup": _key_in("kmsKeyId"),
            "aws:sns/topic:Topic": _key_in("kmsMasterKeyId"),
            "aws:sqs/queue:Queue": _key_in("kmsMasterKeyId"),
            "aws:ec2/launchTemplate:LaunchTemplate": _disks,
            "aws:ebs/volume:Volume": _switch_and_key,
            "aws:eks/cluster:Cluster": _secrets,
            "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": _delivery_stream,
            "aws:kinesis/stream:Stream": _data_stream,
            "aws:opensearch/domain:Domain": _domain,
            "aws:redshift/cluster:Cluster": _switch_and_key,
            "aws:redshiftserverless/namespace:Namespace": _key_in("kmsKeyId"),
        },
    ),
)
