"""Safe Exam Browser's files: a property list, plain or packed, in the clear or under a password.

A file comes from anybody, so its size is bounded before and after unpacking, and whatever is wrong
with it is said in one sentence.
"""

import os
import plistlib
import zlib
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from integrity.policy import seb
from integrity.policy.seb import Settings

LARGEST_FILE: Final = 8 * 1024 * 1024
LARGEST_UNPACKED: Final = 32 * 1024 * 1024
GZIP: Final = b"\x1f\x8b"
PLAIN, PASSWORD, CLIENT = b"plnd", b"pswd", b"pwcc"
CERTIFICATE: Final = (b"pkhs", b"phsk")
# RNCryptor: version, options, two salts of 8 bytes, an IV of 16, the text, a tag of 32.
HEADER: Final = 34
TAG: Final = 32
ROUNDS: Final = 10_000
BLOCK: Final = 16


class SebFileError(ValueError):
    """A file that cannot be read; the message is a sentence for who uploaded it."""


def write(settings: Settings) -> bytes:
    """Return settings as a plain .seb file: an XML property list."""
    return plistlib.dumps(settings, fmt=plistlib.FMT_XML, sort_keys=True)


def write_encrypted(settings: Settings, password: str) -> bytes:
    """Return settings as a .seb file that opens an exam for who knows the password."""
    inner = _pack(write(settings))
    return _pack(PASSWORD + _encrypt(inner, password))


def read(data: bytes, password: str = "") -> Settings:
    """Read a .seb file, plain, packed or under a password; raises SebFileError."""
    if len(data) > LARGEST_FILE:
        raise SebFileError(f"The file is larger than {LARGEST_FILE // 1024**2} MB.")
    body = _unpack(data) if data[:2] == GZIP else data
    mark = body[:4]
    if mark == PLAIN:
        body = body[4:]
    elif mark in (PASSWORD, CLIENT):
        body = _decrypt(body[4:], _password(password, mark))
    elif mark in CERTIFICATE:
        raise SebFileError(
            "The file is encrypted for a certificate, whose key is not here. "
            "Export it from Safe Exam Browser without encryption or with a password."
        )
    return _settings(_unpack(body) if body[:2] == GZIP else body)


def config_key(data: bytes, password: str = "") -> str:
    """Return the Config Key of a .seb file; raises SebFileError."""
    try:
        return seb.config_key(read(data, password))
    except seb.SettingsError as error:
        raise SebFileError(str(error)) from error


def _password(password: str, mark: bytes) -> str:
    if mark == CLIENT:
        # A file that configures a client is encrypted with the digest of the password.
        digest = hashes.Hash(hashes.SHA256())
        digest.update(password.encode())
        return digest.finalize().hex() if password else ""
    if not password:
        raise SebFileError("The file is encrypted with a password. Give the password, too.")
    return password


def _pack(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=31)
    return packer.compress(data) + packer.flush()


def _unpack(data: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(data, LARGEST_UNPACKED)
    except zlib.error as error:
        raise SebFileError("The file is damaged: it cannot be unpacked.") from error
    if unpacker.unconsumed_tail:
        limit = LARGEST_UNPACKED // 1024**2
        raise SebFileError(f"The file unpacks to more than {limit} MB.")
    if not unpacker.eof:
        raise SebFileError("The file is damaged: its end is missing.")
    return unpacked


def _key(password: str, salt: bytes) -> bytes:
    # SHA-1 and the number of rounds are the format's, not a choice.
    kdf = PBKDF2HMAC(hashes.SHA1(), 32, salt, ROUNDS)  # noqa: S303
    return kdf.derive(password.encode())


def _encrypt(data: bytes, password: str) -> bytes:
    salt, mac_salt, vector = os.urandom(8), os.urandom(8), os.urandom(BLOCK)
    padder = padding.PKCS7(BLOCK * 8).padder()
    padded = padder.update(data) + padder.finalize()
    cipher = Cipher(algorithms.AES(_key(password, salt)), modes.CBC(vector)).encryptor()
    text = cipher.update(padded) + cipher.finalize()
    sealed = b"\x02\x01" + salt + mac_salt + vector + text
    return sealed + _mac(password, mac_salt, sealed).finalize()


def _mac(password: str, salt: bytes, data: bytes) -> HMAC:
    mac = HMAC(_key(password, salt), hashes.SHA256())
    mac.update(data)
    return mac


def _decrypt(data: bytes, password: str) -> bytes:
    text = data[HEADER:-TAG]
    if data[:2] not in (b"\x02\x01", b"\x03\x01") or not text or len(text) % BLOCK:
        raise SebFileError("The file is damaged: its encrypted part is not complete.")
    try:
        _mac(password, data[10:18], data[:-TAG]).verify(data[-TAG:])
    except InvalidSignature as error:
        raise SebFileError(
            "The password does not open the file, or the file is damaged."
        ) from error
    vector = data[18:HEADER]
    cipher = Cipher(algorithms.AES(_key(password, data[2:10])), modes.CBC(vector)).decryptor()
    padder = padding.PKCS7(BLOCK * 8).unpadder()
    try:
        return padder.update(cipher.update(text) + cipher.finalize()) + padder.finalize()
    except ValueError as error:
        raise SebFileError("The file is damaged: it cannot be decrypted.") from error


def _settings(data: bytes) -> Settings:
    if b"<plist" not in data[:4096] and b"<dict" not in data[:4096]:
        raise SebFileError("This is not a configuration of Safe Exam Browser.")
    try:
        found: Any = plistlib.loads(data, fmt=plistlib.FMT_XML)
    except Exception as error:  # the parser of the standard library raises a dozen kinds
        raise SebFileError(
            "This is not a configuration of Safe Exam Browser: its property list is broken."
        ) from error
    if not isinstance(found, dict):
        raise SebFileError("The file holds no settings.")
    return found
