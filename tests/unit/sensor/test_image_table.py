"""The table of the images that run on nodes."""

from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from falco_firelens.sensor import images

DIGEST = f"sha256:{'0' * 64}"
TWO = ["https://github.com/one/a/blob/0/x.yaml", "https://github.com/two/b/blob/0/y.yaml"]


def table(release: dict[str, Any], **known: Any) -> str:
    base = {"path": "a/b", "signer": "", "registries": ["r.example.com/a/b", "s.example.com/a/b"]}
    return yaml.safe_dump({"b": {**base, "releases": [{"version": "1.2.3", **release}], **known}})


@pytest.mark.parametrize("digest", ["", DIGEST])
def test_a_digest_is_whole_or_not_there(digest: str):
    known = images.parse(table({"digest": digest, "sources": TWO if digest else []}))["b"]
    assert (known.image().digest, known.image(version="9.9.9").digest) == (digest, "")


@pytest.mark.parametrize(
    "release",
    [
        {"digest": "sha256:abc", "sources": TWO},
        {"digest": DIGEST.upper(), "sources": TWO},
        {"digest": DIGEST + "0", "sources": TWO},
        {"digest": DIGEST, "sources": []},
        {"digest": DIGEST, "sources": TWO[:1]},
        {"digest": DIGEST, "sources": [TWO[0], "https://github.com/One/c/blob/0/z.yaml"]},
        {"digest": DIGEST, "sources": ["r.example.com/a/b:1.2.3", "r.example.com/c/d:1.2.3"]},
        {"digest": "", "sources": TWO},
        {"digest": "", "sources": [], "version": "latest"},
        {"digest": "", "sources": [], "sha": "x"},
        {"sources": []},
    ],
)
def test_a_table_of_another_form_is_refused(release: dict[str, Any]):
    with pytest.raises(ValidationError):
        images.parse(table(release))


def test_a_version_stands_once():
    release = {"version": "1.2.3", "digest": "", "sources": []}
    with pytest.raises(ValidationError, match="version twice"):
        images.parse(table(release, releases=[release, release]))


def test_kubernetes_and_ecs_name_an_image_as_their_documents_do():
    image = images.FALCO.image(registry="r.example.com/x", version="1.2.3", digest=DIGEST)
    assert image.reference == f"r.example.com/x/falco:1.2.3@{DIGEST}"
    assert image.tag_or_digest == f"r.example.com/x/falco@{DIGEST}"
    by_tag = images.FALCO.image(registry="r.example.com/x", version="1.2.3", digest="")
    assert by_tag.reference == by_tag.tag_or_digest == "r.example.com/x/falco:1.2.3"


def test_registries_are_of_two_hosts():
    with pytest.raises(ValidationError, match="of 2 hosts"):
        images.parse(table({"digest": "", "sources": []}, registries=["r.example.com/a/b", "r.example.com/c/b"]))
