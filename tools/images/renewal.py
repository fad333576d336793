"""Asks the registries for the digest of every image of the table, and writes those that are confirmed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
from sigstore.errors import Error as SigstoreError
from sigstore.verify import Verifier

from falco_firelens.sensor import images
from tools.images import table
from tools.images.registry import RegistryError, Repository
from tools.images.signatures import LOG, SignatureError, verify

PLATFORMS: Final = frozenset(("linux/amd64", "linux/arm64"))
"""What the index of an image has at least: nodes are of both architectures."""


def renew(file: Path = images.TABLE, verifier: Verifier | None = None, log: str = LOG) -> Iterator[str]:
    """Write the digest of each release that its publisher's registries agree on, and yield what is wrong with others.

    Where the table names a signer, a digest needs its signature. A digest of the table is never replaced: a release
    does not change, so another digest in the registries means that the tag was moved.
    """
    try:
        verifier = verifier or Verifier.production()
    except (SigstoreError, httpx.HTTPError, OSError) as error:
        yield f"Sigstore: found no way to its keys, which verify signatures: {error}"
        return
    with httpx.Client(follow_redirects=True, timeout=60) as client:
        for known in images.parse(file.read_text()).values():
            for release in known.releases:
                try:
                    digest = _confirmed(known, release, verifier, client, log)
                except (RegistryError, SignatureError) as error:
                    yield str(error)
                    continue
                if release.digest and release.digest != digest:
                    yield (
                        f"{known.path}:{release.version}: found {digest} in the registries and {release.digest} in the "
                        "table: the tag was moved, or the table was wrong; take the digest out of the table to renew it"
                    )
                elif not release.digest:
                    sources = [f"{name}:{release.version}" for name in known.registries]
                    file.write_text(table.with_digest(file.read_text(), known, release, digest, sources))


def _confirmed(known: images.Known, release: images.Release, verifier: Verifier, client: httpx.Client, log: str) -> str:
    """Return the digest that all registries have, with its signature where there has to be one."""
    repositories = [Repository(name, client) for name in known.registries]
    found = {repository.name: _index(repository, release.version) for repository in repositories}
    digest, *others = set(found.values())
    if others:
        raise RegistryError(f"{known.path}:{release.version}: found one digest in each registry: {found}")
    if known.signer:
        signer = known.signer.format(version=release.version)
        verify(repositories[0], digest, signer, verifier, client, log)
    return digest


def _index(repository: Repository, version: str) -> str:
    digest, platforms = repository.index(version)
    if missing := PLATFORMS.difference(platforms):
        raise RegistryError(f"{repository.name}:{version}: found no image for {', '.join(sorted(missing))}")
    return digest
