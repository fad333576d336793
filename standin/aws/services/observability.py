"""CloudWatch across accounts: observability sinks and links, and an organization's centralization rule."""

import uuid
from typing import ClassVar

from standin.aws.cloud import Region
from standin.aws.naming import AutoName
from standin.aws.recorded import Recorded
from standin.aws.resource import Properties


class Sink(Recorded):
    """Where other accounts link to; its id is its ARN."""

    token = "aws:oam/sink:Sink"
    service = "oam"
    operation = "create_sink"
    autoname = AutoName(longest=255)
    create_only = frozenset({"name"})

    def identity(self, region: Region, inputs: Properties) -> str:
        """Return an ARN like AWS's."""
        return region.arn("oam", f"sink/{uuid.uuid4()}")

    def computed(self, region: Region, identity: str, state: Properties) -> Properties:
        return {"arn": identity, "sinkId": identity.rpartition("/")[2]}


class SinkPolicy(Recorded):
    """Which accounts may link to a sink; its id is the sink's ARN."""

    token = "aws:oam/sinkPolicy:SinkPolicy"
    service = "oam"
    operation = "put_sink_policy"
    create_only = frozenset({"sinkIdentifier"})

    def identity(self, region: Region, inputs: Properties) -> str:
        return inputs["sinkIdentifier"]

    def computed(self, region: Region, identity: str, state: Properties) -> Properties:
        return {"arn": identity, "sinkId": identity.rpartition("/")[2]}


class Link(Recorded):
    """What an account shares with a sink; its id is its ARN. Whether the sink lets it is not asked."""

    token = "aws:oam/link:Link"
    service = "oam"
    operation = "create_link"
    create_only = frozenset({"labelTemplate", "sinkIdentifier"})

    def identity(self, region: Region, inputs: Properties) -> str:
        """Return an ARN like AWS's."""
        return region.arn("oam", f"link/{uuid.uuid4()}")

    def computed(self, region: Region, identity: str, state: Properties) -> Properties:
        """ARN, id, and the label, which names the account."""
        label = str(state.get("labelTemplate", "")).replace("$AccountName", region.account)
        sink = state.get("sinkIdentifier", "")
        return {"arn": identity, "linkId": identity.rpartition("/")[2], "label": label, "sinkArn": sink}


class CentralizationRule(Recorded):
    """Copies log groups of an organization's accounts; its id is its name."""

    token = "aws:observabilityadmin/centralizationRuleForOrganization:CentralizationRuleForOrganization"
    service = "observabilityadmin"
    operation = "create_centralization_rule_for_organization"
    create_only: ClassVar[frozenset[str]] = frozenset({"ruleName"})

    def identity(self, region: Region, inputs: Properties) -> str:
        return inputs["ruleName"]

    def computed(self, region: Region, identity: str, state: Properties) -> Properties:
        return {"ruleArn": region.arn("observabilityadmin", f"organization-centralization-rule/{identity}")}


RESOURCES = (Sink, SinkPolicy, Link, CentralizationRule)
