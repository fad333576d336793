"""Verifies who has signed an image, as `cosign verify` does, by the library sigstore.

A signature is an image of its own beside the signed one, with the tag `sha256-<digest>.sig`. Each of its layers is a
statement about a digest; the layer's annotations hold the signature, the signer's certificate, and where it is in the
public log: https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md. The certificate names the workflow
that has signed, and was good for ten minutes. The log's entry proves that it was signed within these.
"""

import base64
import hashlib
import json
from typing import Any, Final

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sigstore.errors import Error as SigstoreError
from sigstore.models import Bundle
from sigstore.verify import Verifier
from sigstore.verify.policy import Identity

from tools.images.registry import RegistryError, Repository

ISSUER: Final = "https://token.actions.githubusercontent.com"
"""Who vouches for a workflow's name."""

LOG: Final = "https://rekor.sigstore.dev"
"""Sigstore's public log, where `verifier` knows its key."""

STATEMENT: Final = "application/vnd.dev.cosign.simplesigning.v1+json"


class SignatureError(Exception):
    """No signature of an image is by whom it should be."""


def verify(
    repository: Repository, digest: str, signer: str, verifier: Verifier, client: httpx.Client, log: str = LOG
) -> None:
    """Make sure that a workflow has signed a digest. Raises SignatureError, with what is wrong with each signature."""
    try:
        manifest = repository.manifest(f"{digest.replace(':', '-')}.sig")
    except RegistryError as error:
        raise SignatureError(f"{repository.name}@{digest}: found no signature: {error}") from error
    wrong: list[str] = []
    for layer in manifest.get("layers", ()):
        try:
            _verify(repository, layer, digest, Identity(identity=signer, issuer=ISSUER), verifier, client, log)
        except (SigstoreError, RegistryError, httpx.HTTPError, ValueError, KeyError) as error:
            wrong.append(f"{type(error).__name__}: {error}")
        else:
            return
    raise SignatureError(f"{repository.name}@{digest}: found no signature of {signer}: {'; '.join(wrong) or 'none'}")


def _verify(
    repository: Repository,
    layer: dict[str, Any],
    digest: str,
    signer: Identity,
    verifier: Verifier,
    client: httpx.Client,
    log: str,
) -> None:
    if layer["mediaType"] != STATEMENT:
        raise ValueError(f"found {layer['mediaType']}, expected {STATEMENT}")
    statement = repository.blob(layer["digest"])
    verifier.verify_artifact(statement, bundle(statement, layer["annotations"], client, log), signer)
    critical = json.loads(statement)["critical"]
    if (about := critical["image"]["docker-manifest-digest"]) != digest:
        raise ValueError(f"found a signature of {about}")


def bundle(statement: bytes, annotations: dict[str, str], client: httpx.Client, log: str) -> Bundle:
    """Return what the library takes: signature, certificate, and the log's entry with its proof.

    https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto
    """
    certificate = x509.load_pem_x509_certificate(annotations["dev.sigstore.cosign/certificate"].encode())
    number = json.loads(annotations["dev.sigstore.cosign/bundle"])["Payload"]["logIndex"]
    answer = client.get(f"{log}/api/v1/log/entries", params={"logIndex": int(number)}).raise_for_status()
    (entry,) = answer.json().values()
    proof = entry["verification"]["inclusionProof"]
    kind = json.loads(base64.b64decode(entry["body"]))
    document = {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "certificate": {"rawBytes": _base64(certificate.public_bytes(Encoding.DER))},
            "tlogEntries": [
                {
                    "logIndex": str(entry["logIndex"]),
                    "logId": {"keyId": _base64(bytes.fromhex(entry["logID"]))},
                    "kindVersion": {"kind": kind["kind"], "version": kind["apiVersion"]},
                    "integratedTime": str(entry["integratedTime"]),
                    "inclusionPromise": {"signedEntryTimestamp": entry["verification"]["signedEntryTimestamp"]},
                    "inclusionProof": {
                        "logIndex": str(proof["logIndex"]),
                        "rootHash": _base64(bytes.fromhex(proof["rootHash"])),
                        "treeSize": str(proof["treeSize"]),
                        "hashes": [_base64(bytes.fromhex(one)) for one in proof["hashes"]],
                        "checkpoint": {"envelope": proof["checkpoint"]},
                    },
                    "canonicalizedBody": entry["body"],
                }
            ],
        },
        "messageSignature": {
            "messageDigest": {"algorithm": "SHA2_256", "digest": _base64(hashlib.sha256(statement).digest())},
            "signature": annotations["dev.cosignproject.cosign/signature"],
        },
    }
    return Bundle.from_json(json.dumps(document))


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
