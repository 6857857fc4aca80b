"""Sealed envelopes: a browser encrypts to this installation's public key, only its server opens.

ECDH on P-256 with a key made for each envelope, HKDF-SHA-256, AES-256-GCM: what every browser's
WebCrypto can do. The envelope's head is bound to its content.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from integrity import wholefiles

VERSION: Final = "invigil-export/1"
FILE: Final = "export_key"
LARGEST: Final = 32_000_000


class EnvelopeError(ValueError):
    """The envelope is damaged, or was not sealed for this installation."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What an envelope says outside and holds inside."""

    session: str
    candidate: str
    made_at: str
    content: dict[str, Any]


def _private() -> ec.EllipticCurvePrivateKey:
    """Return the key, made on the first call; readable by its owner alone."""
    file = Path(settings.LEDGER_KEY_DIR) / FILE
    if not file.exists():
        fresh = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        wholefiles.make_once(file, fresh)
    key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


_public: dict[str, str] = {}


def public_key() -> str:
    """Return the public key as an uncompressed point in base64, read once a process."""
    where = str(settings.LEDGER_KEY_DIR)
    if where not in _public:
        point = (
            _private()
            .public_key()
            .public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        )
        _public[where] = base64.b64encode(point).decode()
    return _public[where]


def open_envelope(source: bytes) -> Envelope:
    """Open an envelope; raises EnvelopeError."""
    if len(source) > LARGEST:
        raise EnvelopeError("too large")
    try:
        written = json.loads(source)
        head = (str(written["session"]), str(written["candidate"]), str(written["made_at"]))
        if written["v"] != VERSION:
            raise EnvelopeError("unknown version")
        point, salt, iv, sealed = (
            base64.b64decode(written[name], validate=True)
            for name in ("point", "salt", "iv", "sealed")
        )
        bound = "|".join((VERSION, *head)).encode()
        opened = AESGCM(_key(point, salt, bound)).decrypt(iv, sealed, bound)
        content = json.loads(opened)
    except (ValueError, KeyError, TypeError, binascii.Error, InvalidTag) as error:
        raise EnvelopeError("cannot be opened") from error
    if not isinstance(content, dict):
        raise EnvelopeError("not an envelope of ours")
    return Envelope(*head, content)


def _key(point: bytes, salt: bytes, bound: bytes) -> bytes:
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    shared = _private().exchange(ec.ECDH(), theirs)
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=bound).derive(shared)


def seal(head: tuple[str, str, str], content: dict[str, Any]) -> bytes:
    """Seal an envelope as a browser does: session, candidate and instant are its head."""
    ours, salt, iv = ec.generate_private_key(ec.SECP256R1()), os.urandom(16), os.urandom(12)
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(
        ec.SECP256R1(), base64.b64decode(public_key())
    )
    bound = "|".join((VERSION, *head)).encode()
    shared = ours.exchange(ec.ECDH(), theirs)
    key = HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=bound).derive(shared)
    point = ours.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    parts = {
        "point": point,
        "salt": salt,
        "iv": iv,
        "sealed": AESGCM(key).encrypt(iv, json.dumps(content).encode(), bound),
    }
    written = {name: base64.b64encode(part).decode() for name, part in parts.items()}
    session, candidate, made_at = head
    outside = {"v": VERSION, "session": session, "candidate": candidate, "made_at": made_at}
    return json.dumps(outside | written).encode()


def device_key(session_id: str) -> str:
    """Return the key, in base64, that seals a session's queue on the candidate's device.

    It is derived, not stored: whoever has the device alone cannot open what waits there.
    """
    info = f"{VERSION}|queue|{session_id}".encode()
    kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info)
    return base64.b64encode(kdf.derive(settings.SECRET_KEY.encode())).decode()
