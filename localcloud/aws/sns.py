"""Makes moto's SNS wait until somebody confirms a subscription that is not of the account's own queue or function.

Nobody sends the message with the token here: it is the last part of the subscription's ARN.
https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html
"""

from typing import Any

from moto.core.responses import ActionResult
from moto.sns.exceptions import SNSInvalidParameter
from moto.sns.models import SNSBackend
from moto.sns.responses import SNSResponse

PENDING = ("email", "email-json", "http", "https")
"""Protocols whose endpoints get a message first, in which they find the token."""


def install() -> None:
    """Make moto do so, in this process."""
    backends: Any = SNSBackend
    subscribe, unsubscribe = backends.subscribe, backends.unsubscribe

    def subscribed(self: Any, topic_arn: str, endpoint: str, protocol: str) -> Any:
        known = set(self.subscriptions)
        subscription = subscribe(self, topic_arn, endpoint, protocol)
        if subscription.arn not in known and protocol in PENDING:
            subscription.attributes |= {"PendingConfirmation": "true", "ConfirmationWasAuthenticated": "false"}
        return subscription

    def unsubscribed(self: Any, subscription_arn: str) -> None:
        """terraform-provider-aws takes the words for success: internal/service/sns/topic_subscription.go."""
        found = self.subscriptions.get(subscription_arn)
        if found and found.attributes["PendingConfirmation"] == "true":
            raise SNSInvalidParameter("Cannot unsubscribe a subscription that is pending confirmation")
        unsubscribe(self, subscription_arn)

    backends.subscribe, backends.unsubscribe = subscribed, unsubscribed
    SNSResponse.confirm_subscription = _confirm


def _confirm(self: Any) -> ActionResult:
    topic, token = self._get_param("TopicArn"), self._get_param("Token")
    found = self.backend.subscriptions.get(f"{topic}:{token}")
    if found is None:
        raise SNSInvalidParameter("Invalid token")
    found.attributes["PendingConfirmation"] = "false"
    return ActionResult({"SubscriptionArn": found.arn})
