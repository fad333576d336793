"""What aws-iam-authenticator asks of a token before it asks STS.

https://github.com/kubernetes-sigs/aws-iam-authenticator/blob/master/pkg/token/token.go, `Verify`.
"""

import base64
import binascii
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

PREFIX = "k8s-aws-v1."
CLUSTER_HEADER = "x-k8s-aws-id"
LIFETIME = timedelta(minutes=15)
"""How long a token is good, whatever its own X-Amz-Expires says."""

_LONGEST = 16 * 1024
_PARAMETERS = {
    "action",
    "version",
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
}


class TokenError(Exception):
    """Why a token is refused."""


def presigned_url(token: str, endpoints: Collection[str], now: datetime) -> str:
    """Return the request to STS that a token is; `endpoints` are those of STS, as `http://127.0.0.1:1234`.

    Raises TokenError for anything that is not GetCallerIdentity, presigned with the cluster's header and still good.
    """
    if len(token) > _LONGEST:
        raise TokenError("token is too large")
    if not token.startswith(PREFIX):
        raise TokenError(f"token is missing expected {PREFIX!r} prefix")
    url = _decoded(token.removeprefix(PREFIX))
    parts = urlsplit(url)
    if f"{parts.scheme}://{parts.netloc}" not in endpoints or parts.path != "/":
        raise TokenError(f"unexpected endpoint {parts.scheme}://{parts.netloc}{parts.path} in pre-signed URL")
    _check_query(parse_qsl(parts.query, keep_blank_values=True), now)
    return url


def _decoded(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise TokenError("token is not base64url of an URL") from None


def _check_query(pairs: list[tuple[str, str]], now: datetime) -> None:
    query = {name.lower(): value for name, value in pairs}
    if len(query) != len(pairs):
        raise TokenError("a query parameter is given twice")
    if unknown := sorted(query.keys() - _PARAMETERS):
        raise TokenError(f"non-whitelisted query parameter {unknown[0]!r}")
    if query.get("action") != "GetCallerIdentity":
        raise TokenError("unexpected action parameter in pre-signed URL")
    if CLUSTER_HEADER not in query.get("x-amz-signedheaders", "").lower().split(";"):
        raise TokenError(f"client did not sign the {CLUSTER_HEADER} header in the pre-signed URL")
    expires = query.get("x-amz-expires", "")
    if not expires.isdecimal() or int(expires) > LIFETIME.total_seconds():
        raise TokenError(f"invalid X-Amz-Expires parameter in pre-signed URL: {expires}")
    try:
        signed = datetime.strptime(query.get("x-amz-date", ""), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise TokenError("error parsing X-Amz-Date parameter into format YYYYMMDD'T'HHMMSS'Z'") from None
    if now > signed + LIFETIME:
        raise TokenError("X-Amz-Date parameter is expired (15 minute expiration)")
