"""Digests are renewed from two registries, and only with the signature of whom the table names."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from falco_firelens.sensor import images
from tests.unit.images import stand_in_registry
from tests.unit.images.stand_in_registry import IMAGE, Registry
from tests.unit.images.stand_in_sigstore import NOW, Sigstore
from tools.images import __main__ as command
from tools.images import table
from tools.images.registry import digest_of
from tools.images.renewal import renew

SIGNER = "https://github.com/example/tool/.github/workflows/publish.yaml@refs/tags/1.2.3"
OLD = f"sha256:{'0' * 64}"

TABLE = """\
# What stays.
tool:
  path: a/tool
  signer: {signer}
  registries:
    - {address}/a/tool
    - {other}/b/tool
  releases:
    # A word about it.
    - version: 1.2.3
      digest: "{digest}"
      sources: {sources}
"""


@dataclass
class World:
    """A table, two repositories in one registry, and Sigstore."""

    registry: Registry
    sigstore: Sigstore
    file: Path

    @property
    def other(self) -> str:
        """The same registry by another name, and so another one."""
        return self.registry.address.replace("127.0.0.1", "localhost")

    def table(self, *, digest: str = "", signed: bool = True) -> None:
        sources = "[https://one.example.com, https://two.example.com]" if digest else "[]"
        signer = SIGNER.replace("1.2.3", "{version}") if signed else '""'
        text = TABLE.format(
            address=self.registry.address, other=self.other, signer=signer, digest=digest, sources=sources
        )
        self.file.write_text(text)

    def publish(self) -> str:
        """The same index in both repositories."""
        return {self.registry.push_index(name, "1.2.3") for name in ("a/tool", "b/tool")}.pop()

    def sign(self, digest: str, *, about: str | None = None, signer: str = SIGNER, **keys: Any) -> dict[str, Any]:
        statement, layer, entry = self.sigstore.sign(about or digest, signer, **keys)
        layer["digest"] = self.registry.blob(statement)
        self.registry.log[entry["logIndex"]] = entry
        manifest = {"schemaVersion": 2, "mediaType": IMAGE, "layers": [layer]}
        self.registry.push("a/tool", f"{digest.replace(':', '-')}.sig", manifest)
        return layer

    def renew(self) -> list[str]:
        verifier = self.sigstore.verifier(self.file.parent)
        return list(renew(self.file, verifier, f"http://{self.registry.address}"))

    @property
    def release(self) -> images.Release:
        return images.parse(self.file.read_text())["tool"].releases[0]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with stand_in_registry.running() as registry:
        made = World(registry, Sigstore(), tmp_path / "images.yaml")
        made.table()
        yield made


def test_a_digest_that_both_have_and_the_workflow_has_signed_is_written(world: World) -> None:
    digest = world.publish()
    world.sign(digest)
    assert world.renew() == []
    assert world.release.digest == digest
    assert world.release.sources == (f"{world.registry.address}/a/tool:1.2.3", f"{world.other}/b/tool:1.2.3")
    assert "# What stays." in world.file.read_text() and "# A word about it." in world.file.read_text()


def test_an_image_that_nobody_signs_needs_both_registries_alone(world: World) -> None:
    world.table(signed=False)
    digest = world.publish()
    assert world.renew() == []
    assert world.release.digest == digest


def test_what_is_confirmed_again_stays_as_it_was(world: World) -> None:
    digest = world.publish()
    world.sign(digest)
    world.table(digest=digest)
    before = world.file.read_text()
    assert world.renew() == []
    assert world.file.read_text() == before


def refused(world: World, words: str) -> None:
    before = world.file.read_text()
    (said,) = world.renew()
    assert words in said
    assert world.file.read_text() == before


def test_another_digest_for_a_release_is_a_moved_tag(world: World) -> None:
    world.sign(world.publish())
    world.table(digest=OLD)
    refused(world, "the tag was moved")


def test_registries_that_do_not_agree(world: World) -> None:
    world.publish()
    world.registry.push_index("b/tool", "1.2.3", ("amd64", "arm64", "s390x"))
    refused(world, "found one digest in each registry")


def test_an_image_for_one_architecture(world: World) -> None:
    world.registry.push("a/tool", "1.2.3", {"schemaVersion": 2, "mediaType": IMAGE, "layers": []})
    refused(world, "expected the index of an image")
    world.registry.push_index("a/tool", "1.2.3", ("amd64",))
    refused(world, "found no image for linux/arm64")


def test_an_image_that_is_not_there(world: World) -> None:
    refused(world, "found status 404")


def test_a_registry_that_lies_about_its_digest(world: World) -> None:
    world.publish()
    world.registry.lies = True
    refused(world, "in the header and")


def test_no_signature(world: World) -> None:
    world.publish()
    refused(world, "found no signature")


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"signer": SIGNER.replace("example", "evil")}, "Certificate's SANs do not match"),
        ({"signer": SIGNER.replace("1.2.3", "1.2.2")}, "Certificate's SANs do not match"),
        ({"signer": SIGNER.replace("publish", "test")}, "Certificate's SANs do not match"),
        ({"issuer": "https://accounts.example.com"}, "does not match"),
        ({"about": OLD}, f"found a signature of {OLD}"),
        ({"at": NOW + timedelta(hours=1)}, "certificate chain"),
        ({"at": NOW - timedelta(hours=1)}, "certificate chain"),
    ],
    ids=["another repository", "another tag", "another workflow", "another issuer", "another image", "late", "early"],
)
def test_a_signature_that_is_not_the_publishers(world: World, keys: dict[str, Any], words: str) -> None:
    world.sign(world.publish(), **keys)
    refused(world, words)


def test_a_signature_of_another_sigstore(world: World) -> None:
    world.sigstore.authority, world.sigstore.certificates = Sigstore().authority, world.sigstore.certificates
    world.sign(world.publish())
    refused(world, "certificate chain")


@pytest.mark.parametrize("part", ["certificates", "log"])
def test_a_signature_that_a_log_has_not_seen(world: World, part: str) -> None:
    trusted = world.sigstore.verifier(world.file.parent)
    setattr(world.sigstore, part, getattr(Sigstore(), part))
    world.sign(world.publish())
    (said,) = renew(world.file, trusted, f"http://{world.registry.address}")
    assert "VerificationError" in said


def test_a_statement_that_is_not_the_signed_one(world: World) -> None:
    digest = world.publish()
    layer = world.sign(digest, about=OLD)
    layer["digest"] = world.registry.blob(world.sigstore.sign(digest, SIGNER)[0])
    world.registry.push("a/tool", f"{digest.replace(':', '-')}.sig", {"mediaType": IMAGE, "layers": [layer]})
    refused(world, "Signature is invalid")


def test_a_blob_with_other_bytes(world: World) -> None:
    digest = world.publish()
    layer = world.sign(digest)
    world.registry.blobs[layer["digest"]] += b" "
    refused(world, "found other bytes")


def test_an_entry_that_the_log_has_lost(world: World) -> None:
    world.sign(world.publish())
    world.registry.log.clear()
    refused(world, "404")


def test_tokens_are_taken_from_the_registrys_own_kind_of_address(world: World) -> None:
    digest = world.publish()
    world.sign(digest)
    world.renew()
    scopes = [path for path in world.registry.asked if path.startswith("/token")]
    assert len(scopes) == 2, "one for each repository"
    assert digest_of(b"") not in world.registry.blobs


def test_the_projects_table_holds_its_own_form_and_what_is_rendered(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["check"]) == 0
    assert capsys.readouterr().err == ""


def test_an_image_that_is_not_of_the_table_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "KNOWN", {"falco": images.FALCO})
    (said,) = table.mistakes()
    assert said.startswith("public.ecr.aws/aws-observability/aws-for-fluent-bit:")


def test_every_release_of_the_projects_table_can_be_written() -> None:
    text = images.TABLE.read_text()
    for known in images.KNOWN.values():
        for release in known.releases:
            changed = images.parse(table.with_digest(text, known, release, OLD, ("r.example.com/a", "s.example.com/a")))
            found = next(one for one in changed.values() if one.path == known.path)
            assert found.digest(release.version) == OLD
            assert sum(one != images.KNOWN[name] for name, one in changed.items()) == 1
