"""Stands in for Sigstore: a certificate authority, its log of certificates, a log of signatures, with keys of its own.

The library that verifies is the real one, and is given these as its trusted root in place of the public ones. What the
public ones check before they sign (who asks) is not here: a test says who signs.
"""

import base64
import hashlib
import json
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import rfc8785
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier
from sigstore.models import TrustedRoot
from sigstore.verify import Verifier

from tools.images.signatures import ISSUER, STATEMENT

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SHA256 = ec.ECDSA(hashes.SHA256())
ISSUER_V1, ISSUER_V2 = (ObjectIdentifier(f"1.3.6.1.4.1.57264.1.{number}") for number in (1, 8))
"""https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md"""
TIMESTAMPS = ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
"""Signed certificate timestamps: RFC 6962, 3.3."""

Key = ec.EllipticCurvePrivateKey


def new_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass
class Sigstore:
    """One whose log has a single entry at a time: a proof of inclusion in it needs no other hashes."""

    authority: Key = field(default_factory=new_key)
    certificates: Key = field(default_factory=new_key)
    log: Key = field(default_factory=new_key)

    def __post_init__(self) -> None:
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "stand-in")])
        uses = {name: name == "key_cert_sign" for name in _USES}
        self.root = (
            x509.CertificateBuilder(self.name, self.name, self.authority.public_key(), x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=99))
            .not_valid_after(NOW + timedelta(days=9999))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(x509.KeyUsage(**uses), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.authority.public_key()), critical=False)
            .sign(self.authority, hashes.SHA256())
        )

    def verifier(self, folder: Path) -> Verifier:
        """The real library, which trusts this one alone."""
        valid = {"start": "2020-01-01T00:00:00Z"}
        document = {
            "mediaType": TrustedRoot.TrustedRootType.TRUSTED_ROOT_0_1.value,
            "tlogs": [_instance(self.log, valid)],
            "ctlogs": [_instance(self.certificates, valid)],
            "certificateAuthorities": [
                {
                    "subject": {"organization": "stand-in", "commonName": "stand-in"},
                    "uri": "https://fulcio.example.com",
                    "certChain": {"certificates": [{"rawBytes": b64(self.root.public_bytes(Encoding.DER))}]},
                    "validFor": valid,
                }
            ],
        }
        file = folder / "trusted_root.json"
        file.write_text(json.dumps(document))
        return Verifier(trusted_root=TrustedRoot.from_file(str(file)))

    def sign(
        self, digest: str, signer: str, *, issuer: str = ISSUER, at: datetime = NOW, index: int = 0
    ) -> tuple[bytes, dict[str, Any], dict[str, Any]]:
        """A statement about a digest, its layer without digest and size, and the log's entry."""
        key = new_key()
        certificate = self._certificate(key, signer, issuer)
        statement = json.dumps(
            {
                "critical": {
                    "identity": {"docker-reference": "stand-in"},
                    "image": {"docker-manifest-digest": digest},
                    "type": "cosign container image signature",
                },
                "optional": None,
            }
        ).encode()
        signature = key.sign(statement, SHA256)
        entry = self._entry(statement, signature, certificate, int(at.timestamp()), index)
        payload = {key: entry[key] for key in ("body", "integratedTime", "logIndex", "logID")}
        promise = entry["verification"]["signedEntryTimestamp"]
        annotations = {
            "dev.cosignproject.cosign/signature": b64(signature),
            "dev.sigstore.cosign/certificate": certificate.public_bytes(Encoding.PEM).decode(),
            "dev.sigstore.cosign/bundle": json.dumps({"SignedEntryTimestamp": promise, "Payload": payload}),
        }
        return statement, {"mediaType": STATEMENT, "annotations": annotations}, entry

    def _certificate(self, key: Key, signer: str, issuer: str) -> x509.Certificate:
        text = issuer.encode()
        builder = (
            x509.CertificateBuilder(self.name, x509.Name([]), key.public_key(), x509.random_serial_number())
            .not_valid_before(NOW)
            .not_valid_after(NOW + timedelta(minutes=10))
            .add_extension(x509.KeyUsage(**{name: name == "digital_signature" for name in _USES}), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.authority.public_key()), critical=False
            )
            .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(signer)]), critical=True)
            .add_extension(x509.UnrecognizedExtension(ISSUER_V1, text), critical=False)
            .add_extension(x509.UnrecognizedExtension(ISSUER_V2, b"\x0c" + bytes([len(text)]) + text), critical=False)
        )
        unlogged = builder.sign(self.authority, hashes.SHA256()).tbs_certificate_bytes
        timestamps = self._timestamps(unlogged)
        builder = builder.add_extension(x509.UnrecognizedExtension(TIMESTAMPS, timestamps), critical=False)
        return builder.sign(self.authority, hashes.SHA256())

    def _timestamps(self, certificate: bytes) -> bytes:
        """The log's word that it has seen a certificate: RFC 6962, 3.2."""
        moment = struct.pack(">Q", int(NOW.timestamp() * 1000))
        issuer = hashlib.sha256(_public(self.authority)).digest()
        signed = b"\0\0" + moment + b"\0\1" + issuer + len(certificate).to_bytes(3, "big") + certificate + b"\0\0"
        signature = self.certificates.sign(signed, SHA256)
        one = (
            b"\0" + _identity(self.certificates) + moment + b"\0\0\4\3" + struct.pack(">H", len(signature)) + signature
        )
        listed = struct.pack(">HH", len(one) + 2, len(one)) + one
        return b"\4" + (bytes([len(listed)]) if len(listed) < 128 else bytes([0x81, len(listed)])) + listed

    def _entry(
        self, statement: bytes, signature: bytes, certificate: x509.Certificate, moment: int, index: int
    ) -> dict[str, Any]:
        """As Rekor answers for a number: https://github.com/sigstore/rekor/blob/main/openapi.yaml."""
        document = {
            "apiVersion": "0.0.1",
            "kind": "hashedrekord",
            "spec": {
                "data": {"hash": {"algorithm": "sha256", "value": hashlib.sha256(statement).hexdigest()}},
                "signature": {
                    "content": b64(signature),
                    "publicKey": {"content": b64(certificate.public_bytes(Encoding.PEM))},
                },
            },
        }
        body = rfc8785.dumps(document)
        promised = {
            "body": b64(body),
            "integratedTime": moment,
            "logID": _identity(self.log).hex(),
            "logIndex": index,
        }
        root = hashlib.sha256(b"\0" + body).digest()
        note = f"stand-in\n1\n{b64(root)}\n"
        signed = _identity(self.log)[:4] + self.log.sign(note.encode(), SHA256)
        return {
            **promised,
            "verification": {
                "signedEntryTimestamp": b64(self.log.sign(rfc8785.dumps(promised), SHA256)),
                "inclusionProof": {
                    "checkpoint": f"{note}\n\N{EM DASH} stand-in {b64(signed)}\n",
                    "hashes": [],
                    "logIndex": 0,
                    "rootHash": root.hex(),
                    "treeSize": 1,
                },
            },
        }


_USES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _public(key: Key) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _identity(key: Key) -> bytes:
    return hashlib.sha256(_public(key)).digest()


def _instance(key: Key, valid: dict[str, str]) -> dict[str, Any]:
    return {
        "baseUrl": "https://log.example.com",
        "hashAlgorithm": "SHA2_256",
        "publicKey": {"rawBytes": b64(_public(key)), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": valid},
        "logId": {"keyId": b64(_identity(key))},
    }
