"""EventResponse: the function that answers events, what calls it, and where it keeps what it did not do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_aws import cloudwatch, dynamodb, iam, lambda_, secretsmanager, sns, sqs

from falco_firelens.contract import LEAST_CONCURRENCY

from ..aws.encrypted_bucket import EncryptedBucket, bucket_arn
from ..aws.encryption_key import EncryptionKey, log_group_statement
from ..aws.function_package import ARCHITECTURE, RUNTIME
from ..aws.function_role import LONGEST_OWN, attach, fitting, function_role
from ..aws.location import AwsLocation, arn
from ..aws.policy_document import Statement, policy_document
from ..delivery.event_archive import account_key_statement
from ..insights.notification_topic import SubscriptionArgs, subscribe
from .alarms import ResponseAlarms
from .network import FunctionNetwork
from .package import HANDLER
from .role import LONGEST_SECRET, ClusterActions, action_statements, network_statements, own_statements

TIMEOUT_SECONDS = 120
MEMORY_MIB = 512
"""Processor time comes with memory: with less, loading the libraries takes longer than answering events."""

TRIES = 5
"""How often a message of the retry queue is tried before it is a dead letter.

At least five, since a message that Lambda has no capacity for counts as tried:
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
"""

RETRY_SECONDS = TIMEOUT_SECONDS + 15
"""Between two tries; a message must stay hidden for longer than the function may run."""

LEDGER_WRITES = (
    *(f"dynamodb:{verb}" for verb in ("BatchWriteItem", "DeleteItem", "PutItem", "UpdateItem")),
    *(f"dynamodb:PartiQL{verb}" for verb in ("Delete", "Insert", "Update")),
)
"""Every way to write items:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html"""

DEAD_LETTER_DAYS = 14
"""The longest that SQS keeps a message."""


class EventSource(TypedDict):
    """The log group that calls the function, with the events that match the filter pattern."""

    log_group: pulumi.Input[str]
    log_group_arn: pulumi.Input[str]
    pattern: str


class Permissions(TypedDict):
    """What playbooks may do in each cluster, and the security groups that they move interfaces to, with their VPCs."""

    clusters: Sequence[ClusterActions]
    groups: Mapping[str, str]


class Secrets(TypedDict):
    """`clusters` are those that the function reaches by a secret. `webhooks` is JSON, a secret."""

    clusters: Sequence[str]
    webhooks: NotRequired[pulumi.Input[str]]


class Recipients(TypedDict):
    """Who gets the function's notices, and the topic that its alarms notify."""

    subscriptions: Sequence[SubscriptionArgs]
    alarm_topic_arn: pulumi.Input[str]


class Limits(TypedDict):
    """How many invocations may run at once, and how long evidence and the function's log are kept.

    Evidence cannot be deleted within `evidence_lock_days`, 0 for no lock.
    """

    reserved_concurrency: int
    evidence_lock_days: int
    evidence_days: int
    retention_days: int


class EventResponseArgs(TypedDict):
    """`package` is the function's zip. `prefix` begins the names, which an account has only once in a region.

    With `network` the function runs in a VPC. `protect` keeps the evidence from being deleted with the stack.
    """

    location: AwsLocation
    prefix: str
    package: str
    source: EventSource
    permissions: Permissions
    secrets: Secrets
    recipients: Recipients
    limits: Limits
    network: NotRequired[FunctionNetwork]
    protect: bool
    tags: Mapping[str, str]


def function_name(prefix: str) -> str:
    """Return the function's name, which other names begin with; a bucket takes neither capitals nor underscores."""
    return f"{prefix.lower().replace('_', '-')[:48].strip('-')}-response"


def secret_prefix(prefix: str) -> str:
    """Return how the names of the function's secrets begin."""
    return f"{function_name(prefix)}/"


class EventResponse(pulumi.ComponentResource):
    """Subscription filter, function, queues, ledger, bucket, topic, alarms, one key for all of them, one role.

    `secret_ids` are the secrets for the access to clusters that are not EKS, by cluster.
    """

    function_name: pulumi.Output[str]
    dead_letters_url: pulumi.Output[str]
    bucket_name: pulumi.Output[str]
    topic_arn: pulumi.Output[str]
    role_arn: pulumi.Output[str]
    secret_ids: Mapping[str, pulumi.Output[str]]

    def __init__(self, name: str, args: EventResponseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("falco-firelens:index:EventResponse", name, {}, opts)
        self._name, self._args = name, args
        self._tags, self._location = args["tags"], args["location"]
        self._child = pulumi.ResourceOptions(parent=self)
        self._function_name = function_name(args["prefix"])
        self._bucket_name = (
            f"{self._function_name[:35].strip('-')}-{self._location['account']}-{self._location['region']}"
        )
        self._key = self._encryption_key()
        self._logs = self._log_group()
        self._role = function_role(name, self._function_name, self._tags, self._child)
        self._dead_letters, self._retries = self._queues()
        self._table = self._ledger()
        self._bucket = self._evidence()
        self._topic = self._notices()
        secrets = {cluster: self._secret(cluster) for cluster in args["secrets"]["clusters"]}
        self._webhooks = self._webhook_secret()
        ready = self._permissions([*secrets.values(), *([self._webhooks] if self._webhooks else [])])
        function = self._function(ready)
        self._called(function)
        ResponseAlarms(
            f"{name}-alarms",
            {
                "prefix": args["prefix"],
                "function": self._function_name,
                "dead_letters": self._dead_letters.name,
                "retries": self._retries.name,
                "log_group": self._logs.name,
                "topic_arn": args["recipients"]["alarm_topic_arn"],
                "tags": self._tags,
            },
            self._child,
        )
        self.function_name, self.role_arn = function.name, self._role.arn
        self.dead_letters_url, self.bucket_name = self._dead_letters.url, self._bucket.bucket_name
        self.topic_arn = self._topic.arn
        self.secret_ids = {cluster: secret.id for cluster, secret in secrets.items()}
        self.register_outputs({"functionName": self.function_name, "roleArn": self.role_arn})

    def _encryption_key(self) -> EncryptionKey:
        group = f"/aws/lambda/{self._function_name}"
        return EncryptionKey(
            f"{self._name}-key",
            {
                "location": self._location,
                "alias": f"lambda/{self._function_name}",
                "description": f"Encrypts what {self._function_name} writes: log, queues, ledger, evidence, notices",
                "statements": [log_group_statement(self._location, group), account_key_statement(self._location)],
                "tags": self._tags,
            },
            self._child,
        )

    def _log_group(self) -> cloudwatch.LogGroup:
        """Make it before the function, which would make one that keeps everything forever."""
        return cloudwatch.LogGroup(
            self._name,
            name=f"/aws/lambda/{self._function_name}",
            retention_in_days=self._args["limits"]["retention_days"],
            kms_key_id=self._key.arn,
            tags=self._tags,
            opts=self._child,
        )

    def _from_the_function_alone(self, service: str, actions: Sequence[str], name: str) -> pulumi.Output[str]:
        """Return the policy of what takes nothing from anybody else, whatever IAM allows them.

        A message of the queues names a target and the action on it; an item of the ledger keeps it from being
        done. Lambda writes dead letters with the role, and items expire by the service itself.
        https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
        """
        statement: Statement = {
            "Sid": "FunctionAlone",
            "Effect": "Deny",
            "Principal": "*",
            "Action": list(actions),
            "Resource": arn(self._location, service, name),
            "Condition": {
                "ArnNotEquals": {"aws:PrincipalArn": self._role.arn},
                "Bool": {"aws:PrincipalIsAWSService": "false"},
            },
        }
        return policy_document(statement)

    def _queues(self) -> tuple[sqs.Queue, sqs.Queue]:
        dead_name, retries_name = f"{self._function_name}-dead-letters", f"{self._function_name}-retries"
        dead = sqs.Queue(
            f"{self._name}-dead-letters",
            name=dead_name,
            kms_master_key_id=self._key.arn,
            message_retention_seconds=DEAD_LETTER_DAYS * 86400,
            policy=self._from_the_function_alone("sqs", ["sqs:SendMessage"], dead_name),
            tags=self._tags,
            opts=self._child,
        )
        redrive = pulumi.Output.json_dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": TRIES})
        retries = sqs.Queue(
            f"{self._name}-retries",
            name=retries_name,
            kms_master_key_id=self._key.arn,
            visibility_timeout_seconds=RETRY_SECONDS,
            redrive_policy=redrive,
            policy=self._from_the_function_alone("sqs", ["sqs:SendMessage"], retries_name),
            tags=self._tags,
            opts=self._child,
        )
        return dead, retries

    def _ledger(self) -> dynamodb.Table:
        """Keep what has been done, so that it is not done again; items expire."""
        table = dynamodb.Table(
            self._name,
            name=self._function_name,
            billing_mode="PAY_PER_REQUEST",
            hash_key="id",
            attributes=[{"name": "id", "type": "S"}],
            ttl={"attribute_name": "expiration", "enabled": True},
            server_side_encryption={"enabled": True, "kms_key_arn": self._key.arn},
            point_in_time_recovery={"enabled": True},
            deletion_protection_enabled=self._args["protect"] or None,
            tags=self._tags,
            opts=self._child,
        )
        policy = self._from_the_function_alone("dynamodb", LEDGER_WRITES, f"table/{self._function_name}")
        dynamodb.ResourcePolicy(self._name, resource_arn=table.arn, policy=policy, opts=self._child)
        return table

    def _evidence(self) -> EncryptedBucket:
        location = self._location
        return EncryptedBucket(
            f"{self._name}-evidence",
            {
                "location": location,
                "bucket_name": self._bucket_name,
                "key_arn": self._key.arn,
                "versioning": True,
                "object_lock_days": self._args["limits"]["evidence_lock_days"],
                "expire_days": self._args["limits"]["evidence_days"],
                "protect": self._args["protect"],
                "tags": self._tags,
            },
            self._child,
        )

    def _notices(self) -> sns.Topic:
        topic = sns.Topic(
            self._name,
            name=self._function_name,
            kms_master_key_id=self._key.arn,
            tags=self._tags,
            opts=self._child,
        )
        policy = self._from_the_function_alone("sns", ["sns:Publish"], self._function_name)
        sns.TopicPolicy(self._name, arn=topic.arn, policy=policy, opts=self._child)
        for number, subscription in enumerate(self._args["recipients"]["subscriptions"]):
            # Its name was once a number, which changes when an earlier subscription goes.
            numbered = pulumi.Alias(name=f"{self._name}-{subscription['protocol']}-{number}")
            subscribe(self._name, topic.arn, subscription, pulumi.ResourceOptions(parent=self, aliases=[numbered]))
        return topic

    def _secret(self, what: str) -> secretsmanager.Secret:
        """Make a secret; it is deleted at once with the stack, so that its name is free for the next one."""
        return secretsmanager.Secret(
            f"{self._name}-{what}",
            name=f"{self._function_name}/{what}",
            kms_key_id=self._key.arn,
            recovery_window_in_days=0,
            tags=self._tags,
            opts=self._child,
        )

    def _webhook_secret(self) -> secretsmanager.Secret | None:
        webhooks = self._args["secrets"].get("webhooks")
        if webhooks is None:
            return None
        secret = self._secret("webhooks")
        secretsmanager.SecretVersion(
            f"{self._name}-webhooks", secret_id=secret.id, secret_string=webhooks, opts=self._child
        )
        return secret

    def _permissions(self, secrets: Sequence[secretsmanager.Secret]) -> pulumi.Resource:
        """Give the role what it may do; returns what has to be there before the function is."""
        location, args = self._location, self._args
        may = args["permissions"]
        acting = action_statements(location, may["clusters"], self._function_name, may["groups"])
        inline, managed = fitting(acting, LONGEST_OWN + len(secrets) * LONGEST_SECRET)
        statements: list[Statement] = [
            *own_statements(
                {
                    "log_group": self._logs.arn,
                    "table": self._table.arn,
                    "retries": self._retries.arn,
                    "dead_letters": self._dead_letters.arn,
                    "bucket": bucket_arn(location, self._bucket_name),
                    "topic": self._topic.arn,
                    "key": self._key.arn,
                    "secrets": [secret.arn for secret in secrets],
                }
            ),
            *inline,
            *(network_statements(location) if "network" in args else []),
        ]
        about = f"What the function {self._function_name} may do in clusters"
        attached = attach(f"{self._name}-actions", self._role, about, managed, self._tags, self._child)
        policy = policy_document(*statements)
        # After what is attached, so that statements that move there are never missing.
        opts = pulumi.ResourceOptions(parent=self, depends_on=attached)
        return iam.RolePolicy(self._name, role=self._role.name, policy=policy, opts=opts)

    def _function(self, ready: pulumi.Resource) -> lambda_.Function:
        network = self._args.get("network")
        vpc: Any = None
        if network:
            vpc = {"security_group_ids": [network["security_group_id"]], "subnet_ids": list(network["subnet_ids"])}
        variables: dict[str, pulumi.Input[str]] = {
            "ACCOUNT": self._location["account"],
            "BUCKET": self._bucket.bucket_name,
            "POWERTOOLS_SERVICE_NAME": "falco-firelens-responder",
            "RETRY_QUEUE_URL": self._retries.url,
            "TABLE": self._table.name,
            "TOPIC_ARN": self._topic.arn,
        }
        if self._webhooks:
            variables["WEBHOOKS_SECRET"] = self._webhooks.name
        return lambda_.Function(
            self._name,
            name=self._function_name,
            description="Answers Falco's events as the stack's playbooks say",
            code=pulumi.FileArchive(self._args["package"]),
            runtime=RUNTIME,
            architectures=[ARCHITECTURE],
            handler=HANDLER,
            role=self._role.arn,
            timeout=TIMEOUT_SECONDS,
            memory_size=MEMORY_MIB,
            reserved_concurrent_executions=self._args["limits"]["reserved_concurrency"],
            kms_key_arn=self._key.arn,
            environment={"variables": variables},
            vpc_config=vpc,
            tags=self._tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[ready, self._logs]),
        )

    def _called(self, function: lambda_.Function) -> None:
        """Let the subscription filter call the function, asynchronously, and the retry queue.

        A delivery that fails as a whole is repeated twice by Lambda itself, and then becomes a dead letter:
        https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
        """
        source, location = self._args["source"], self._location
        lambda_.FunctionEventInvokeConfig(
            self._name,
            function_name=function.name,
            maximum_retry_attempts=2,
            maximum_event_age_in_seconds=3600,
            destination_config={"on_failure": {"destination": self._dead_letters.arn}},
            opts=self._child,
        )
        lambda_.EventSourceMapping(
            self._name,
            event_source_arn=self._retries.arn,
            function_name=function.name,
            batch_size=10,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config={"maximum_concurrency": LEAST_CONCURRENCY},
            tags=self._tags,
            opts=self._child,
        )
        allowed = lambda_.Permission(
            self._name,
            action="lambda:InvokeFunction",
            function=function.name,
            principal="logs.amazonaws.com",
            source_account=location["account"],
            source_arn=pulumi.Output.concat(source["log_group_arn"], ":*"),
            opts=self._child,
        )
        cloudwatch.LogSubscriptionFilter(
            self._name,
            name=self._function_name,
            log_group=source["log_group"],
            filter_pattern=source["pattern"],
            destination_arn=function.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[allowed]),
        )
