"""Lets moto's STS take presigned GetCallerIdentity requests, whose signature it checks, as AWS does.

Only credentials that moto has given out are known: those of an assumed role or of an IAM user's access key.
"""

import hmac
from typing import Any
from urllib.parse import parse_qsl

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.core.utils import utcnow
from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.sts.exceptions import STSClientError
from moto.sts.models import sts_backends
from moto.sts.responses import TokenResponse


def install() -> None:
    """Make moto do so, in this process."""
    access_key, identity = TokenResponse.get_access_key, TokenResponse.get_caller_identity

    def get_access_key(self: Any) -> str:
        credential = self.querystring.get("X-Amz-Credential")
        return credential[0].partition("/")[0] if credential else access_key(self)

    def get_caller_identity(self: Any) -> Any:
        if "X-Amz-Signature" in self.querystring:
            _verify(self)
        return identity(self)

    infer = DomainDispatcherApplication.infer_service_region_host

    def infer_host(self: Any, environ: dict[str, Any], path: str) -> str | None:
        """moto takes a request without an Authorization header for one of S3."""
        credential = dict(parse_qsl(environ.get("QUERY_STRING", ""))).get("X-Amz-Credential", "")
        if credential.endswith("/sts/aws4_request"):
            return f"sts.{credential.split('/')[2]}.amazonaws.com"
        return infer(self, environ, path)

    DomainDispatcherApplication.infer_service_region_host = infer_host
    TokenResponse.get_access_key = get_access_key
    TokenResponse.get_caller_identity = get_caller_identity


def signature(url: str, query: dict[str, str], headers: dict[str, str], secret: str) -> str:
    """Return the signature that a presigned GET of the URL has to have; the query is given without its own.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html
    """
    key, _, region, service, _ = query["X-Amz-Credential"].split("/", 4)
    signer: Any = SigV4QueryAuth(Credentials(key, secret), service, region)
    request = AWSRequest(method="GET", url=url, headers=headers, params=query)
    request.context["timestamp"] = query["X-Amz-Date"]
    return signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)


def _verify(response: Any) -> None:
    query = dict(parse_qsl(response.parsed_url.query, keep_blank_values=True))
    secret = _secret(response.current_account, response.partition, response.get_access_key(), query)
    given = query.pop("X-Amz-Signature")
    headers = {name: response.headers.get(name, "") for name in query.get("X-Amz-SignedHeaders", "").split(";")}
    expected = signature(f"http://{response.headers['Host']}/", query, headers, secret)
    if not hmac.compare_digest(expected, given):
        raise STSClientError("SignatureDoesNotMatch", "The signature is not that of this request and its headers.")


def _secret(account: str, partition: str, key: str, query: dict[str, str]) -> str:
    role = sts_backends[account][partition].get_assumed_role_from_access_key(key)
    if role:
        if role.expiration < utcnow():
            raise STSClientError("ExpiredToken", "The security token included in the request is expired")
        if query.get("X-Amz-Security-Token") == role.session_token:
            return role.secret_access_key
    iam: Any = iam_backends[account][partition]
    permanent = None if role else iam.access_keys.get(key)
    if permanent is None:
        raise STSClientError("InvalidClientTokenId", "The security token included in the request is invalid.")
    return permanent.secret_access_key
