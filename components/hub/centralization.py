"""What CloudWatch's centralization of logs needs in the account that is there before the stack."""

from collections.abc import Iterator

import pulumi
from pulumi_aws import iam

from falco_firelens.errors import MisfitError, Mistake

from ..aws.lookup import looked_up

PATH = "hub.organizationId"

SERVICES = ("observabilityadmin.amazonaws.com", "logs-centralization.observabilityadmin.amazonaws.com")
"""Services whose service-linked roles have to be there. CloudWatch's console makes them, its API does not. The stack
does not either: an account has one of each, and making it again fails.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatchLogs_Centralization.html
"""

KEY_TAG = {"LogsManaged": "true"}
"""The role that writes the copies may use no key without this tag, says its policy:
https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSObservabilityAdminLogsCentralizationServiceRolePolicy.html
"""


def missing_roles() -> Iterator[Mistake]:
    """Yield a mistake for each service-linked role that is not there; only a warning where roles may not be listed."""
    for service in SERVICES:
        prefix = f"/aws-service-role/{service}/"
        try:
            names = looked_up(PATH, "", lambda prefix=prefix: iam.get_roles(path_prefix=prefix).names)
        except MisfitError as misfit:
            pulumi.log.warn(f"{PATH} needs the service-linked role of {service}: {misfit.mistake.found}")
            continue
        if not names:
            expected = f"the role that `aws iam create-service-linked-role --aws-service-name {service}` makes"
            yield Mistake(PATH, f"an account without the service-linked role of {service}", expected)
