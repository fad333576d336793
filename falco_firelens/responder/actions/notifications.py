"""Notifies people: a notice to SNS and webhooks, a finding in Security Hub."""

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Any

from falco_firelens.responder.actions.context import Context
from falco_firelens.responder.notice import Notice, notice_of
from falco_firelens.responder.outcome import Done, FailedError
from falco_firelens.responder.targets import ECS

WEBHOOK_SECONDS = 5
"""How long a webhook may take for each step of its answer, and half of how long all of them have for whole answers."""

AFTER_RESERVE_SECONDS = 20
"""How long notices may go on after no action starts any more. `handler.RESERVE_MILLISECONDS` has ten seconds more, for
what then has to be queued."""

LONGEST_IMAGE = 512

SEVERITIES = {
    "Emergency": "CRITICAL",
    "Alert": "CRITICAL",
    "Critical": "CRITICAL",
    "Error": "HIGH",
    "Warning": "MEDIUM",
}
"""The finding's severity by Falco's priority; LOW for all others."""


def notify(context: Context) -> Done:
    """Send the notice to the stack's topic and to each webhook, to each of them once, even if another one fails."""
    notice = notice_of(context)
    if context.environment.topic:
        context.run_part("topic", lambda: _publish(context, notice))
    hooks = _webhooks(context)
    if failures := _post_all(context, notice, hooks):
        raise FailedError(f"{len(failures)} of {len(hooks)} webhooks did not accept the notice: {'; '.join(failures)}")
    recipients = ["the topic"] * bool(context.environment.topic) + ["webhooks"] * bool(hooks)
    return Done(f"notified {' and '.join(recipients)}")


def _post_all(context: Context, notice: Notice, hooks: Sequence[Mapping[str, str]]) -> Sequence[str]:
    """Post to all webhooks at once, and return what went wrong: those that hang take no time from the others."""
    failures = dict.fromkeys(range(len(hooks)), "no answer in time")

    def post(number: int, hook: Mapping[str, str]) -> None:
        body = _body(notice, hook["format"])
        try:
            context.run_part(f"webhook-{number}", lambda: _post(hook["url"], body))
        except Exception as error:
            # Errors but our own may contain the URL, which is a secret.
            failures[number] = str(error) if isinstance(error, FailedError) else type(error).__name__
        else:
            del failures[number]

    threads = [threading.Thread(target=post, args=one, daemon=True) for one in enumerate(hooks)]
    for thread in threads:
        thread.start()
    until = time.monotonic() + min(2 * WEBHOOK_SECONDS, context.seconds_left() + AFTER_RESERVE_SECONDS)
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    return [*failures.values()]


def finding(context: Context) -> Done:
    """Import a finding; an event that comes again updates its finding.

    https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format.html
    """
    notice, event = notice_of(context), context.case.event
    hub, account = context.aws("securityhub"), context.environment.account
    partition, region = hub.meta.partition, hub.meta.region_name
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    answer = hub.batch_import_findings(
        Findings=[
            {
                "SchemaVersion": "2018-10-08",
                "Id": f"falco-firelens/{event.cluster}/{event.identity}",
                "ProductArn": f"arn:{partition}:securityhub:{region}:{account}:product/{account}/default",
                "GeneratorId": f"falco-firelens/{event.rule}"[:512],
                "AwsAccountId": account,
                "Types": ["Unusual Behaviors/Container"],
                "CreatedAt": event.iso_time,
                "UpdatedAt": now,
                "Severity": {"Label": SEVERITIES.get(event.priority, "LOW"), "Original": event.priority},
                "Title": notice.subject[:256],
                "Description": notice.text[:1024],
                "Resources": [{**one, "Region": region} for one in _resources(context, partition, region)],
            }
        ]
    )
    if answer["FailedCount"]:
        raise FailedError(f"Security Hub refused the finding: {answer['FailedFindings'][0].get('ErrorMessage')}")
    return Done(f"finding falco-firelens/{event.cluster}/{event.identity}")


def _resources(context: Context, partition: str, region: str) -> Iterator[dict[str, Any]]:
    """Yield the finding's resources, by the ARNs that other findings use, and their cluster.

    https://docs.aws.amazon.com/securityhub/latest/userguide/asff-resources.html
    """
    target, event, account = context.target, context.case.event, context.environment.account
    if target.kind == "task":
        yield {"Type": "AwsEcsTask", "Id": target.name}
    elif target.kind in ("pod", "container"):
        image = {"ImageName": event.image[:LONGEST_IMAGE]} if event.image.strip() else {}
        yield {"Type": "Container", "Id": str(target), **({"Details": {"Container": image}} if image else {})}
    elif event.platform == ECS:
        yield {"Type": "AwsEc2Instance", "Id": f"arn:{partition}:ec2:{region}:{account}:instance/{target.name}"}
    else:
        yield {"Type": "Other", "Id": str(target)}
    kind = {ECS: ("AwsEcsCluster", "ecs"), "eks": ("AwsEksCluster", "eks")}.get(event.platform)
    cluster = context.configuration.clusters.get(target.cluster)  # None where the stack no longer has it
    if kind and cluster:
        arn = f"arn:{partition}:{kind[1]}:{region}:{account}:cluster/{cluster.name}"
        yield {"Type": kind[0], "Id": arn}


def _publish(context: Context, notice: Notice) -> None:
    context.aws("sns").publish(TopicArn=context.environment.topic, Subject=notice.subject, Message=notice.text)


def _webhooks(context: Context) -> list[dict[str, str]]:
    if not context.environment.webhooks:
        return []
    secret = context.aws("secretsmanager").get_secret_value(SecretId=context.environment.webhooks)["SecretString"]
    return json.loads(secret)


def _body(notice: Notice, form: str) -> bytes:
    """Write the notice for a webhook. Slack gives `&`, `<` and `>` a meaning, and fetches links unless told not to.

    https://api.slack.com/reference/surfaces/formatting
    """
    if form != "slack":
        return json.dumps(notice.document).encode()
    text = notice.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return json.dumps({"text": text, "mrkdwn": False, "unfurl_links": False, "unfurl_media": False}).encode()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Follow no redirect: its address is not in the settings."""


def _post(url: str, body: bytes) -> None:
    try:
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method="POST")
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=WEBHOOK_SECONDS):
            pass
    except urllib.error.HTTPError as error:
        raise FailedError(f"HTTP status {error.code}") from None
    except (OSError, HTTPException, ValueError) as error:
        # The URL is a secret, and the error's message may contain it.
        raise FailedError(type(error).__name__) from None
