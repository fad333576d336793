"""A token webhook of the API server: a stand-in for the aws-iam-authenticator in front of every EKS cluster.

The API server asks whose a bearer token is; the answer is the user and the groups of the cluster's access entry for the
role or user that STS says has signed the token.
https://kubernetes.io/docs/reference/access-authn-authz/authentication/#webhook-token-authentication
"""

import json
import re
import urllib.error
import urllib.request
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.eks.models import eks_backends

from localcloud.aws.eks_identity.access_entries import STANDARD, WITH_ENTRIES, authentication_mode, entries_of
from localcloud.aws.eks_identity.cluster import LocalCluster
from localcloud.aws.eks_identity.token import CLUSTER_HEADER, TokenError, presigned_url
from localcloud.control_plane import TOKEN_REVIEW

MASTERS = "system:masters"
"""The group that may do everything. On AWS an authorizer of EKS's own reads the access policies.
https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles"""

STAND_IN = "localcloud's stand-in for aws-iam-authenticator"

_ROLE = re.compile(r"arn:(aws[\w-]*):sts::(\d{12}):assumed-role/([^/]+)/(.+)")
_USER = re.compile(r"arn:aws[\w-]*:iam::\d{12}:user/.+")


@dataclass(frozen=True)
class Caller:
    """Who STS says it is: its ARN, the one that an access entry names, and of a role the name of the session."""

    arn: str
    principal: str
    account: str
    user_id: str
    session: str = ""


class TokenReviews:
    """WSGI middleware that answers the API server's questions at `TOKEN_REVIEW`, and leaves all else to moto."""

    def __init__(
        self, application: Callable[..., Iterable[bytes]], cluster: LocalCluster, endpoints: Collection[str]
    ) -> None:
        self._application, self._cluster, self._endpoints = application, cluster, endpoints

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        if environ["PATH_INFO"] != TOKEN_REVIEW:
            return self._application(environ, start_response)
        review = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        answer = {"apiVersion": review["apiVersion"], "kind": "TokenReview"}
        body = json.dumps({**answer, "status": self.status(review["spec"]["token"])}).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    def status(self, token: str) -> dict[str, Any]:
        """Return the status of a TokenReview: whether it is somebody, and who; or why it is nobody."""
        try:
            url = presigned_url(token, self._endpoints, datetime.now(UTC))
            return {"authenticated": True, "user": self._user(_caller(url, self._cluster.name))}
        except TokenError as error:
            return {"authenticated": False, "error": f"{STAND_IN}: {error}"}

    def _user(self, caller: Caller) -> dict[str, Any]:
        backend: Any = eks_backends[self._cluster.account][self._cluster.region]
        cluster = backend.clusters.get(self._cluster.name)
        if cluster is None:
            raise TokenError(f"there is no EKS cluster {self._cluster.name}")
        if authentication_mode(cluster) not in WITH_ENTRIES:
            raise TokenError("the cluster's authentication mode knows no access entries")
        # STS leaves the path of a role out, and its name is unique in the account without it.
        found = [one for one in entries_of(cluster).values() if _without_path(one.principal) == caller.principal]
        if not found or found[0].type != STANDARD:
            raise TokenError(f"no access entry of type {STANDARD} for {caller.principal}")
        names = {"SessionName": caller.session.replace("@", "-"), "SessionNameRaw": caller.session}
        names["AccountID"] = caller.account
        username = re.sub(r"\{\{(\w+)\}\}", lambda match: names.get(match[1], match[0]), found[0].username)
        return {
            "username": username,
            "uid": f"aws-iam-authenticator:{caller.account}:{caller.user_id.partition(':')[0]}",
            "groups": [*found[0].groups, *([MASTERS] if found[0].administers else [])],
            "extra": {"arn": [caller.arn], "canonicalArn": [caller.principal], "sessionName": [caller.session]},
        }


def _caller(url: str, cluster: str) -> Caller:
    """Ask STS with the token, which is good for this cluster alone: its name is in what is signed."""
    request = urllib.request.Request(url, headers={CLUSTER_HEADER: cluster})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            tree = ElementTree.fromstring(answer.read())
    except urllib.error.HTTPError as error:
        raise TokenError(f"error from AWS (expected 200, got {error.code}): {error.read().decode()}") from None
    except OSError as error:
        raise TokenError(f"STS does not answer: {error}") from None
    told = {element.tag.rpartition("}")[2]: element.text or "" for element in tree.iter()}
    return caller_of(told["Arn"], told["Account"], told["UserId"])


def caller_of(arn: str, account: str, user_id: str) -> Caller:
    """Return what STS's answer means for access entries.

    Raises TokenError for what no entry can name, such as a federated user.
    """
    if role := _ROLE.fullmatch(arn):
        partition, _, name, session = role.groups()
        return Caller(arn, f"arn:{partition}:iam::{account}:role/{name}", account, user_id, session)
    if _USER.fullmatch(arn):
        return Caller(arn, _without_path(arn), account, user_id)
    raise TokenError(f"{arn} is neither a role nor a user")


def _without_path(arn: str) -> str:
    head, _, rest = arn.partition("/")
    return f"{head}/{rest.rpartition('/')[2]}"
