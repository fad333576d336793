"""Instances: their metadata service answers IMDSv2 only."""

from collections.abc import Iterator

from falco_firelens.policy.rule import UNKNOWN, Finding, Resource, Rule, keys_of, show


def _tokens(resource: Resource) -> Iterator[Finding]:
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html"""
    options = keys_of(resource.props.get("metadataOptions"))
    tokens = options.get("httpTokens")
    if tokens not in ("required", UNKNOWN) and options.get("httpEndpoint") != "disabled":
        yield Finding("metadataOptions.httpTokens", show(tokens), '"required"')


RULES = (
    Rule(
        "imdsv2",
        "Instances give their credentials to IMDSv2 only.",
        {"aws:ec2/launchTemplate:LaunchTemplate": _tokens, "aws:ec2/instance:Instance": _tokens},
    ),
)
