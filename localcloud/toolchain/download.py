"""Takes programs from their vendors' releases into a cache outside the clone.

Nothing is used whose SHA-256 is not the published one. What is not available is an UnavailableError, and can be built
instead; what is not what it should be stops everything, for it may be an attack.
"""

import hashlib
import json
import os
import re
import tempfile
import time
from collections.abc import Generator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2

from localcloud.console import Step
from localcloud.errors import LocalCloudError
from localcloud.toolchain.archives import MOST_BYTES, BrokenArchiveError, HostileArchiveError, unpack
from localcloud.toolchain.cache import cache, locked
from localcloud.toolchain.releases import ANY, File, Release

MIRROR: Final = "LOCALCLOUD_MIRROR"
"""Names a server that has the vendors' files below their hosts' names, as in <mirror>/dl.k8s.io/release/…"""

INSTEAD: Final = "LOCALCLOUD_PROGRAMS=build builds the programs from source instead."

CONNECT_SECONDS = 3.0
"""A firewall that answers nothing must not keep a person waiting."""

READ_SECONDS = 15.0
"""Between two pieces of an answer."""

TOTAL_SECONDS = 900.0
"""For one file: 100 MB at a megabit a second."""

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class UnavailableError(Exception):
    """A release is not available; the message says why."""


class Vendors:
    """Where releases come from. A host that did not answer once is not asked again."""

    def __init__(self) -> None:
        self._silent: dict[str, str] = {}

    def take(self, name: str, release: Release) -> Path:
        """Return the folder with the programs of a release, fetched now if they are not there yet.

        Raises:
            UnavailableError: a server did not answer, or not with what it should have, or an archive is broken.
            LocalCloudError: a file is not the published one, or an archive would write outside of where it is unpacked.
        """
        folder = _folder(name, release)
        if not folder.exists():
            title = f"taking {', '.join(release.programs)} {release.version} from {_host(release.files[0].url)}"
            with locked(folder, title):
                if not folder.exists():
                    with Step(title) as step:
                        self._fill(folder, release, step)
        return folder

    def _fill(self, folder: Path, release: Release, step: Step) -> None:
        """Make the folder with all programs of the release, or none."""
        with tempfile.TemporaryDirectory(dir=cache(), prefix="taking-") as temporary:
            target = Path(temporary, "bin")
            target.mkdir()
            for file in release.files:
                expected = file.sha256.get(ANY) or self._published(file)
                fetched = Path(temporary, file.name)
                self._fetch(file.url, fetched, step)
                _verify(fetched, file, expected)
                _unpack(fetched, file, target)
                fetched.unlink()
            target.rename(folder)

    def _published(self, file: File) -> str:
        """Return the checksum that the vendor publishes now."""
        text = b"".join(self._pieces(file.checksums)).decode(errors="replace")
        found = _checksum_in(text, file.name)
        if found is None:
            raise UnavailableError(f"{file.checksums} has no SHA-256 of {file.name}")
        return found

    def _fetch(self, url: str, target: Path, step: Step) -> None:
        with target.open("wb") as output:
            for piece in self._pieces(url):
                output.write(piece)
                step.progress(f"{output.tell() / 1e6:.0f} MB")

    def _pieces(self, url: str) -> Generator[bytes]:
        address = _address(url)
        host = _host(address)
        if host in self._silent:
            raise UnavailableError(self._silent[host])
        try:
            yield from _answer(address)
        except httpx2.TimeoutException:
            raise self._remember(host, f"{host} did not answer in time") from None
        except (httpx2.ConnectError, httpx2.ProxyError) as error:
            raise self._remember(host, f"{host} cannot be reached: {error}") from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise UnavailableError(f"{address}: {error}") from None

    def _remember(self, host: str, reason: str) -> UnavailableError:
        self._silent[host] = reason
        return UnavailableError(reason)


def taken(name: str, release: Release) -> Path | None:
    """Return the folder with the programs of a release where an earlier run has taken it."""
    folder = _folder(name, release)
    return folder if folder.exists() else None


def _folder(name: str, release: Release) -> Path:
    return cache() / f"{name}-{release.version}-{release.digest}"


def _address(url: str) -> str:
    """Return where to ask for a vendor's file: at its own address, or in the mirror.

    Raises:
        LocalCloudError: the mirror is no https address, so that what it publishes could be anybody's.
    """
    mirror = os.environ.get(MIRROR, "").rstrip("/")
    if not mirror:
        return url
    parts = urlsplit(mirror)
    if not parts.hostname or (parts.scheme != "https" and parts.hostname not in _LOOPBACK):
        raise LocalCloudError(f"{MIRROR}: found {mirror}, expected an address that begins with https://")
    return f"{mirror}/{url.removeprefix('https://')}"


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _answer(url: str) -> Generator[bytes]:
    """Yield the content of an answer as it is sent, bounded as a whole in time and size."""
    until, left = time.monotonic() + TOTAL_SECONDS, MOST_BYTES
    timeout = httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
    hooks = {"request": [_stay_on_tls]} if url.startswith("https:") else {}
    with (
        httpx2.Client(follow_redirects=True, timeout=timeout, event_hooks=hooks) as client,
        client.stream("GET", url, headers={"Accept-Encoding": "identity"}) as answer,
    ):
        if answer.status_code != HTTPStatus.OK:
            raise UnavailableError(f"{url} answered {answer.status_code}")
        for piece in answer.iter_raw():
            left -= len(piece)
            if left < 0:
                raise UnavailableError(f"{url} has more than {MOST_BYTES} bytes")
            if time.monotonic() > until:
                raise httpx2.ReadTimeout("the file came too slowly")
            yield piece


def _stay_on_tls(request: httpx2.Request) -> None:
    """Follow no redirect to where anybody on the way could answer."""
    if request.url.scheme != "https":
        raise UnavailableError(f"a server redirects to {request.url}, which is not https")


def _checksum_in(text: str, name: str) -> str | None:
    """Return the SHA-256 of a file in one of the forms that releases.yaml lists."""
    if text.lstrip().startswith("{"):
        return _digest_in(text, name)
    lines = [line.split() for line in text.splitlines() if line.strip()]
    named = {words[1].lstrip("*").removeprefix("./"): words[0] for words in lines if len(words) == 2}
    found = lines[0][0] if len(lines) == 1 and len(lines[0]) == 1 else named.get(name, "")
    return found.lower() if re.fullmatch(r"[0-9a-fA-F]{64}", found) else None


def _digest_in(text: str, name: str) -> str | None:
    """Return a file's digest in GitHub's answer.

    https://docs.github.com/en/rest/releases/releases#get-a-release-by-tag-name
    """
    try:
        assets: list[Mapping[str, Any]] = json.loads(text)["assets"]
        digests = {asset["name"]: asset.get("digest") or "" for asset in assets}
    except (ValueError, KeyError, TypeError):
        return None
    found = re.fullmatch(r"sha256:([0-9a-f]{64})", digests.get(name, ""))
    return found[1] if found else None


def _verify(fetched: Path, file: File, expected: str) -> None:
    with fetched.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if found != expected:
        source = "localcloud/toolchain/releases.yaml" if file.sha256 else _address(file.checksums)
        raise LocalCloudError(
            f"{_address(file.url)}: found the SHA-256 {found}, expected {expected}, which {source} says.\n"
            f"The file was changed on its way, by an attacker or a broken mirror; nothing of it was used. {INSTEAD}"
        )


def _unpack(fetched: Path, file: File, target: Path) -> None:
    address = _address(file.url)
    try:
        unpack(fetched, file.programs, target)
    except BrokenArchiveError as error:
        raise UnavailableError(f"{address}: {error}") from None
    except HostileArchiveError as error:
        raise LocalCloudError(
            f"{address}: {error}. Such an archive is made to harm; nothing of it was used. {INSTEAD}"
        ) from None
