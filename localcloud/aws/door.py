"""Keeps strangers out of moto: web pages, whatever name they reach it by, and other users of the machine.

moto asks nobody who they are, and functions that are created in it run as processes of the person who started it. A
page in a browser can reach any port of the machine. It sends an `Origin`, or a `Host` of its own where a name server
points that name at 127.0.0.1 (DNS rebinding); our clients do neither. Another user of the machine has no access key.
https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CORS
"""

import hmac
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from moto.iam.models import iam_backends

from localcloud.accounts import ACCOUNT, DEPLOYER
from localcloud.health import PATH as HEALTH

HOSTS = ("127.0.0.1", "localhost")

_OF_AN_ACCOUNT = re.compile(r"[0-9]{12}\.127\.0\.0\.1")
"""What S3 Control's endpoint rules make of 127.0.0.1, for clients that come by moto as their proxy. No name server has
it, and no browser asks one: a host that ends in a number is an address. https://url.spec.whatwg.org/#ends-in-a-number-checker"""

_SIGNED = re.compile(r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/")
_TOKEN = "Bearer "


class Door:
    """WSGI middleware in front of everything else.

    `token` is the secret of this local cloud, for requests that AWS does not have. Signatures are not verified: a key's
    id is random, and nobody else sees it.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]], token: str) -> None:
        self._application, self._token = application, token

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request, or refuse it."""
        reason = self._refused(environ)
        if reason is None and environ["PATH_INFO"] == HEALTH:
            start_response("200 OK", [("Content-Length", "0")])
            return []
        if reason is None:
            return self._application(environ, start_response)
        body = json.dumps({"__type": "AccessDenied", "message": reason}).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("Connection", "close")]
        start_response("403 Forbidden", headers)
        return [body]

    def _refused(self, environ: Mapping[str, Any]) -> str | None:
        if "HTTP_ORIGIN" in environ:
            return "the local cloud answers no web page"
        host = environ.get("HTTP_HOST", "")
        name = urlsplit(f"//{host}").hostname or ""
        if name not in HOSTS and not _OF_AN_ACCOUNT.fullmatch(name):
            return f"found the host {host}, expected one of {', '.join(HOSTS)}"
        if environ["PATH_INFO"] == HEALTH or self._known(environ):
            return None
        return "found no access key of this local cloud: `make env` has one"

    def _known(self, environ: Mapping[str, Any]) -> bool:
        authorization = str(environ.get("HTTP_AUTHORIZATION", ""))
        if authorization.startswith(_TOKEN):
            return hmac.compare_digest(authorization.removeprefix(_TOKEN).encode(), self._token.encode())
        signed = _SIGNED.match(authorization)
        query = dict(parse_qsl(str(environ.get("QUERY_STRING", ""))))
        key = signed["key"] if signed else query.get("X-Amz-Credential", "").partition("/")[0]
        return any(key in one.access_keys for one in _every_iam())


def admit_deployer(credentials: Mapping[str, str]) -> None:
    """Create the user that deploys, with the access key that this local cloud has drawn."""
    iam: Any = iam_backends[ACCOUNT]["aws"]
    iam.create_user(region_name="us-east-1", user_name=DEPLOYER)
    key = iam.create_access_key(user_name=DEPLOYER)
    del iam.access_keys[key.access_key_id]
    key.access_key_id, key.secret_access_key = credentials["AWS_ACCESS_KEY_ID"], credentials["AWS_SECRET_ACCESS_KEY"]
    iam.access_keys[key.access_key_id] = key


def _every_iam() -> Iterable[Any]:
    """IAM of each account and partition. Copies, since other threads add to both while this one reads."""
    return [one for account in list(iam_backends.values()) for one in list(account.values())]
