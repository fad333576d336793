"""Makes clients for AWS and the Kubernetes clusters, when first used, and keeps them while the function is warm."""

import base64
import json
import ssl
import time
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from botocore.signers import RequestSigner

from falco_firelens.responder.configuration import Cluster
from falco_firelens.responder.outcome import FailedError

TIMEOUT_SECONDS = 7
"""How long one request may take: an API that does not answer must not take up the whole invocation.

An action makes at most four of them, which is what `handler.RESERVE_MILLISECONDS` leaves time for; what may make more
of them looks at the time in between.
"""

MOST_BYTES = 24 * 2**20
"""The most of an answer: the author of a pod's log must not decide how much memory the function takes.

One that is a single line of this size takes seven times as much for a moment (docs/performance.md)."""

TOKEN_SECONDS = 600
"""EKS takes a token for 15 minutes: https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster"""

ATTEMPTS = 3
AWS = Config(
    connect_timeout=2, read_timeout=TIMEOUT_SECONDS, retries={"mode": "standard", "total_max_attempts": ATTEMPTS}
)
"""A call that is not answered takes 24 seconds with the pauses between the attempts, and ends its action.

What is called may be called twice: it sets a state, names an item by a key, or, a notice or a message of the retry
queue, may arrive twice, since the ledger keeps what was done from being done again."""

SILENT_SECONDS = 60
"""How long to skip a service that timed out, so that actions on other services still get their time."""


class Clients(Protocol):
    """Clients of everything that an action may call."""

    def aws(self, service: str) -> Any:
        """Return a boto3 client."""
        ...

    def kubernetes(self, cluster: Cluster) -> Any:
        """Return a lightkube client of a cluster."""
        ...


class AwsClients:
    """Clients with the credentials of the function, or of the person at the shell."""

    def __init__(self) -> None:
        self._session: Any = boto3.Session()
        self._aws: dict[str, Any] = {}
        self._kubernetes: dict[Cluster, tuple[float, Any]] = {}

    def aws(self, service: str) -> Any:
        """Return a boto3 client."""
        if service not in self._aws:
            self._aws[service] = skipped_while_silent(self._session.client(service, config=AWS))
        return self._aws[service]

    def kubernetes(self, cluster: Cluster) -> Any:
        """Return a lightkube client of a cluster, with a token that is valid for some minutes more."""
        made, client = self._kubernetes.get(cluster, (0.0, None))
        if client is None or time.monotonic() - made > TOKEN_SECONDS:
            client = connect(**self._access(cluster))
            self._kubernetes[cluster] = (time.monotonic(), client)
        return client

    def _access(self, cluster: Cluster) -> dict[str, str]:
        if cluster.platform != "eks":
            return json.loads(self.aws("secretsmanager").get_secret_value(SecretId=cluster.secret)["SecretString"])
        found = self.aws("eks").describe_cluster(name=cluster.name)["cluster"]
        return {
            "server": found["endpoint"],
            "certificate_authority": found["certificateAuthority"]["data"],
            "token": eks_token(self._session, self.aws("sts"), cluster.name),
        }


def skipped_while_silent(client: Any) -> Any:
    """Let the calls of a boto3 client fail at once, with FailedError, for a while after one that got no answer.

    That happens in a VPC without a route to the service.
    """
    silent_until = 0.0

    def note(attempts: int, caught_exception: Exception | None = None, **_: Any) -> None:
        nonlocal silent_until
        if attempts >= ATTEMPTS and isinstance(caught_exception, ConnectTimeoutError | ReadTimeoutError):
            silent_until = time.monotonic() + SILENT_SECONDS

    def refuse(**_: Any) -> None:
        if time.monotonic() < silent_until:
            raise FailedError(f"{client.meta.endpoint_url} did not answer a moment ago")

    client.meta.events.register("needs-retry.*", note)
    client.meta.events.register("before-send.*", refuse)
    return client


def connect(server: str, certificate_authority: str, token: str) -> Any:
    """Return a lightkube client; the certificate authority is PEM in base64, as in a kubeconfig.

    lightkube rather than the official client, which takes five times as long to import (docs/performance.md).
    """
    import httpx2
    from lightkube import Client, KubeConfig
    from lightkube.config.models import Cluster as Server
    from lightkube.config.models import User

    from falco_firelens.responder.bounded_transport import BoundedTransport

    config = KubeConfig.from_one(
        cluster=Server(server=server, certificate_auth_data=certificate_authority), user=User(token=token)
    )
    trusted = ssl.create_default_context(cadata=base64.b64decode(certificate_authority).decode())
    transport = BoundedTransport(httpx2.HTTPTransport(verify=trusted), TIMEOUT_SECONDS, MOST_BYTES)
    return Client(config=config, timeout=httpx2.Timeout(TIMEOUT_SECONDS), trust_env=False, transport=transport)


def eks_token(session: Any, sts: Any, cluster: str) -> str:
    """Return a token for an EKS cluster: a signed request to STS, not sent, with the cluster's name in it."""
    region: str = sts.meta.region_name
    service = sts.meta.service_model.service_id
    signer: Any = RequestSigner(service, region, "sts", "v4", session.get_credentials(), session.events)
    request: dict[str, Any] = {
        "method": "GET",
        "url": f"{sts.meta.endpoint_url}/?Action=GetCallerIdentity&Version=2011-06-15",
        "body": {},
        "headers": {"x-k8s-aws-id": cluster},
        "context": {},
    }
    url: str = signer.generate_presigned_url(request, region_name=region, expires_in=60, operation_name="")
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
