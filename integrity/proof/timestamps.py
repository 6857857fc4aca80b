"""Time stamps (RFC 3161): somebody outside signs that a checkpoint was there at a time."""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from http.client import HTTPException
from pathlib import Path
from urllib.request import Request, urlopen

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    PKIStatus,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from integrity import chain
from integrity.chain import Break, BreakKind
from integrity.ledger import Verdict
from integrity.models import Checkpoint, TimeStamp

# An authority that takes longer is asked again later: nothing waits for it.
PATIENCE_SECONDS = 8.0
LARGEST = 100_000
STAMPS = "(time stamps)"


class StampError(Exception):
    """An authority that did not stamp, or a stamp that does not hold; the message says why."""


def ask(url: str, note: str) -> bytes:
    """Return an authority's signed answer to a note, in DER; raises StampError or OSError."""
    builder = TimestampRequestBuilder(data=note.encode(), hash_algorithm=HashAlgorithm.SHA256)
    asked = builder.build()
    headers = {"Content-Type": "application/timestamp-query"}
    request = Request(url, data=asked.as_bytes(), headers=headers)  # noqa: S310 - see anchors
    answer = _read(request)
    stamp = _decode(answer)
    if PKIStatus(stamp.status) not in {PKIStatus.GRANTED, PKIStatus.GRANTED_WITH_MODS}:
        raise StampError("The authority did not grant a time stamp.")
    if stamp.tst_info.nonce != asked.nonce:
        raise StampError("The authority answered another question.")
    _compare(stamp, note)
    return answer


def _read(request: Request) -> bytes:
    """Read an answer piece by piece, so that one that trickles has its limit, too."""
    until = time.monotonic() + PATIENCE_SECONDS
    data = b""
    try:
        with urlopen(request, timeout=PATIENCE_SECONDS) as response:  # noqa: S310 - see anchors
            while piece := response.read1(LARGEST):
                data += piece
                if len(data) > LARGEST or time.monotonic() > until:
                    raise StampError("The authority's answer is too long, or takes too long.")
    except HTTPException as error:
        raise StampError(f"The authority's answer is broken: {error!r}.") from error
    return data


def _decode(answer: bytes) -> TimeStampResponse:
    try:
        return decode_timestamp_response(answer)
    except ValueError as error:
        raise StampError("The authority's answer is no time stamp.") from error


def _compare(stamp: TimeStampResponse, note: str) -> None:
    if stamp.tst_info.message_imprint.message != sha256(note.encode()).digest():
        raise StampError("The time stamp is of something else.")


def certificates(file: Path) -> list[x509.Certificate]:
    """Read an authority's certificates; raises StampError."""
    try:
        return x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError) as error:
        raise StampError(f"{file} holds no certificates: {error}") from error


def verify(answer: bytes, note: str, roots: Sequence[x509.Certificate]) -> datetime:
    """Return when a note was stamped; its signature is verified where roots are given.

    Raises StampError.
    """
    stamp = _decode(answer)
    _compare(stamp, note)
    if roots:
        builder = VerifierBuilder()
        for root in roots:
            builder = builder.add_root_certificate(root)
        try:
            builder.build().verify_message(stamp, note.encode())
        except (VerificationError, ValueError) as error:
            raise StampError(f"The time stamp's signature does not hold: {error}") from error
    return stamp.tst_info.gen_time.astimezone(UTC)


def keep(target: str, checkpoint: Checkpoint, answer: bytes, at: datetime) -> TimeStamp:
    """Keep an authority's answer beside the checkpoint that it is of."""
    return TimeStamp.objects.create(
        target=target, size=checkpoint.size, at_ms=chain.milliseconds(at), answer=answer
    )


def verify_all(roots: Sequence[x509.Certificate]) -> tuple[int, Verdict | None]:
    """Compare every time stamp with its checkpoint; return how many hold, and the first break."""
    held = 0
    for size, answer, note in _kept():
        try:
            verify(answer, note, roots)
        except StampError:
            return held, Verdict(STAMPS, size, Break(BreakKind.FORGED, size))
        held += 1
    return held, None


def _kept() -> Iterator[tuple[int, bytes, str]]:
    notes = dict(
        Checkpoint.objects.filter(size__in=TimeStamp.objects.values("size")).values_list(
            "size", "note"
        )
    )
    for row in TimeStamp.objects.order_by("pk").iterator(100):
        yield row.size, bytes(row.answer), notes.get(row.size, "")


def of(size: int) -> list[bytes]:
    """Return the time stamps of one checkpoint."""
    rows = TimeStamp.objects.filter(size=size).order_by("pk")
    return [bytes(row.answer) for row in rows]
