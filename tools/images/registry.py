"""Asks a registry for manifests and blobs, and believes nothing that does not have the digest that it should.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md, and for tokens
https://distribution.github.io/distribution/spec/auth/token/.
"""

import hashlib
import json
import re
from collections.abc import Generator
from http import HTTPStatus
from typing import Any, Final

import httpx

MANIFESTS: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
INDEXES: Final = MANIFESTS[:2]

HOSTS: Final = {"docker.io": "registry-1.docker.io"}
"""Where the registry of an image's name answers, if not there."""

LARGEST: Final = 4 * 2**20
"""Bytes of a manifest, or of what a signature is about: https://github.com/opencontainers/distribution-spec/pull/293."""


class RegistryError(Exception):
    """A registry does not have what it should, or says something that does not fit together."""


class Repository:
    """The images of one name: `public.ecr.aws/falcosecurity/falco`."""

    def __init__(self, name: str, client: httpx.Client) -> None:
        self.name = name
        host, _, self._path = name.partition("/")
        # A registry on this machine has no certificate; container runtimes make the same exception.
        scheme = "http" if re.fullmatch(r"(127\.0\.0\.1|localhost)(:[0-9]+)?", host) else "https"
        self._url = f"{scheme}://{HOSTS.get(host, host)}/v2/{self._path}"
        self._client, self._auth = client, _Token(scheme)

    def index(self, tag: str) -> tuple[str, list[str]]:
        """Return the digest that a tag names, and the platforms of its index.

        Raises RegistryError where it is not the index of several platforms.
        """
        answer = self._get(f"manifests/{tag}", MANIFESTS)
        digest = digest_of(answer.content)
        if (told := answer.headers.get("docker-content-digest")) not in (None, digest):
            raise RegistryError(f"{self.name}:{tag}: found the digest {told} in the header and {digest} by its bytes")
        kind = answer.headers.get("content-type", "").partition(";")[0]
        if kind not in INDEXES:
            raise RegistryError(f"{self.name}:{tag}: found {kind or 'no type'}, expected the index of an image")
        return digest, [_platform(manifest) for manifest in _parsed(answer)["manifests"]]

    def manifest(self, tag: str) -> dict[str, Any]:
        """Return a manifest by its tag, which is no index."""
        return _parsed(self._get(f"manifests/{tag}", MANIFESTS[2:]))

    def blob(self, digest: str) -> bytes:
        """Return the bytes that have a digest."""
        content = self._get(f"blobs/{digest}", ("*/*",)).content
        if digest_of(content) != digest:
            raise RegistryError(f"{self.name}@{digest}: found other bytes, of {digest_of(content)}")
        return content

    def _get(self, path: str, accept: tuple[str, ...]) -> httpx.Response:
        url = f"{self._url}/{path}"
        try:
            answer = self._client.get(url, headers={"accept": ", ".join(accept)}, auth=self._auth)
        except httpx.HTTPError as error:
            raise RegistryError(f"{url}: {error or type(error).__name__}") from error
        if answer.status_code != HTTPStatus.OK:
            raise RegistryError(f"{url}: found status {answer.status_code}: {answer.text[:200]}")
        if len(answer.content) > LARGEST:
            raise RegistryError(f"{url}: found {len(answer.content):,} bytes, expected at most {LARGEST:,}")
        return answer


def digest_of(content: bytes) -> str:
    """Return the digest of a manifest or a blob."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class _Token(httpx.Auth):
    """Gets an anonymous token where the registry asks for one."""

    requires_response_body = True

    def __init__(self, scheme: str) -> None:
        self._scheme, self._token = scheme, ""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if self._token:
            request.headers["authorization"] = f"Bearer {self._token}"
        answer = yield request
        challenge = answer.headers.get("www-authenticate", "")
        if answer.status_code != HTTPStatus.UNAUTHORIZED or not challenge.lower().startswith("bearer "):
            return
        asked: dict[str, str] = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        realm = httpx.URL(asked.pop("realm", ""))
        if realm.scheme != self._scheme:
            raise RegistryError(f"{request.url}: found tokens at {realm}, expected {self._scheme}://")
        given = yield httpx.Request("GET", realm.copy_merge_params(asked))
        tokens: dict[str, Any] = json.loads(given.content) if given.status_code == HTTPStatus.OK else {}
        self._token = tokens.get("token") or tokens.get("access_token") or ""
        if not self._token:
            raise RegistryError(f"{realm}: found status {given.status_code} and no token")
        request.headers["authorization"] = f"Bearer {self._token}"
        yield request


def _parsed(answer: httpx.Response) -> dict[str, Any]:
    try:
        return answer.json()
    except ValueError as error:
        raise RegistryError(f"{answer.url}: found no JSON: {error}") from error


def _platform(manifest: dict[str, Any]) -> str:
    platform = manifest.get("platform", {})
    return f"{platform.get('os')}/{platform.get('architecture')}"
