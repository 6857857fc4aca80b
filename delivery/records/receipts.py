"""Receipts: what a candidate takes home of a session, and what can be proved by it afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from delivery.models import AssessmentSession
from delivery.queries import finals
from delivery.queries.finals import Answer
from delivery.records import answers, testimony
from delivery.rules.refusals import Reason, Refusal
from integrity import chain, ledger
from integrity.chain import Entry
from integrity.models import LedgerEntry
from integrity.proof import keys, proofs, seals
from integrity.proof.proofs import Proof, ProofError

FORMAT: Final = "invigil-receipt/1"
ENDINGS: Final = ("session.completed", "session.expired", "session.terminated")
REOPENED: Final = "session.reopened"
LARGEST_FILE: Final = 1_000_000
GROUP: Final = 4
LENGTH: Final = 16


@dataclass(frozen=True, slots=True)
class Receipt:
    """A session's ending and the answers that counted then; nothing in it names the person."""

    code: str
    sitting: str
    started_at: datetime | None
    finished_at: datetime
    entry: Entry
    answers: tuple[Answer, ...]
    proof: Proof | None

    @property
    def ending(self) -> str:
        return self.entry.kind.removeprefix("session.")

    @property
    def answered(self) -> int:
        return int(self.entry.payload["answered"])

    @property
    def total(self) -> int:
        return int(self.entry.payload["total"])

    @property
    def sealed_at(self) -> datetime | None:
        if self.proof is None:
            return None
        return chain.EPOCH + timedelta(milliseconds=self.proof.at_ms)

    @property
    def digest(self) -> str:
        """One digest for all answers: whoever has it can tell that none of them changed."""
        return finals.digest_of(self.answers)

    def file(self) -> str:
        """Return the receipt as a file that can be verified here, and by others with the keys."""
        told = {
            "format": FORMAT,
            "code": self.code,
            "sitting": self.sitting,
            "started_at": self.started_at.isoformat() if self.started_at else "",
            "finished_at": self.finished_at.isoformat(),
            "entry": json.loads(self.entry.to_json()),
            "answers": [answer.to_json() for answer in self.answers],
            "answers_digest": self.digest,
            "proof": self.proof.to_json() if self.proof else None,
            "keys": [str(key) for key in keys.verifiers()],
        }
        return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def of(session: AssessmentSession) -> Receipt | None:
    """Return the receipt of an ended session; None where the record does not know of the end."""
    entries = ledger.read(session.stream)
    ended = [one for one in entries if one.kind in ENDINGS]
    if not ended or session.finished_at is None:
        return None
    entry = ended[-1]
    return Receipt(
        code=session.receipt_code,
        sitting=session.sitting.title,
        started_at=session.started_at,
        finished_at=session.finished_at,
        entry=entry,
        answers=_answers(one for one in entries if one.seq < entry.seq),
        proof=proofs.of(session.stream, entry.seq),
    )


def _answers(entries: Iterable[Entry]) -> tuple[Answer, ...]:
    last: dict[str, Answer] = {}
    for entry in entries:
        if entry.kind in answers.SAVED:
            told = entry.payload
            last[told["item"]] = Answer(told["item"], told["revision"], told["digest"], entry.seq)
    return tuple(sorted(last.values(), key=lambda one: one.entry))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `holds` is None where it cannot be told yet."""

    name: str
    holds: bool | None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verification:
    """What is known of a receipt; `receipt` is our own record's, never what a file says."""

    code: str
    receipt: Receipt | None
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        return all(finding.holds is not False for finding in self.findings)

    @property
    def is_sealed(self) -> bool:
        return any(one.name == "sealed" and one.holds for one in self.findings)


def normal_code(written: str) -> str:
    """Return a code as receipts print it: case, spaces and dashes do not matter."""
    letters = "".join(letter for letter in written.upper() if letter.isalnum())[:LENGTH]
    return "-".join(letters[i : i + GROUP] for i in range(0, len(letters), GROUP))


def look_up(written: str) -> Verification:
    """Verify what the record holds under a receipt code; raises Refusal for an unknown one."""
    receipt = _known(normal_code(written))
    if receipt is None:
        raise Refusal(Reason.RECEIPT_UNKNOWN)
    return Verification(receipt.code, receipt, tuple(_of_the_record(receipt, receipt.proof)))


def _known(code: str) -> Receipt | None:
    found = AssessmentSession.objects.select_related("sitting")
    session = found.filter(receipt_code=code).defer("plan", "outcomes").first() if code else None
    return of(session) if session else None


def _of_the_record(receipt: Receipt, proof: Proof | None) -> Iterator[Finding]:
    stream = receipt.entry.stream
    (verdict,) = seals.verify_streams([stream])
    broken = verdict.broken
    yield Finding("chain", broken is None, {"entries": verdict.entries, "broken": broken})
    differing = len(list(testimony.differences([stream])))
    yield Finding("answers", differing == 0, {"differing": differing})
    yield _sealed(proof, in_our_tree=True)
    later = LedgerEntry.objects.filter(
        stream__name=stream, seq__gt=receipt.entry.seq, kind=REOPENED
    )
    if later.exists():
        yield Finding("reopened", None)


def _sealed(proof: Proof | None, *, in_our_tree: bool) -> Finding:
    if proof is None:
        return Finding("sealed", None)
    at = chain.EPOCH + timedelta(milliseconds=proof.at_ms)
    try:
        signed = proofs.verify(proof, keys.verifiers())
    except ProofError:
        return Finding("sealed", holds=False)
    holds = proofs.is_ours(signed) or not in_our_tree
    return Finding("sealed", holds, {"at": at, "heads": signed.size})


@dataclass(frozen=True, slots=True)
class File:
    """A receipt as somebody handed it in; nothing of it is true before it was verified."""

    code: str
    entry: Entry
    answers: tuple[Answer, ...]
    digest: str
    proof: Proof | None


def read(data: bytes) -> File:
    """Read an uploaded receipt; raises Refusal for whatever is none."""
    try:
        told = json.loads(data[: LARGEST_FILE + 1])
        if len(data) > LARGEST_FILE or told["format"] != FORMAT:
            raise Refusal(Reason.RECEIPT_UNREADABLE)
        return File(
            code=str(told["code"]),
            entry=Entry.from_json(json.dumps(told["entry"])),
            answers=tuple(_read_answer(one) for one in told["answers"]),
            digest=str(told["answers_digest"]),
            proof=Proof.from_json(told["proof"]) if told["proof"] else None,
        )
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise Refusal(Reason.RECEIPT_UNREADABLE) from error


def _read_answer(told: Mapping[str, Any]) -> Answer:
    answer = Answer(told["item"], told["revision"], told["digest"], told["entry"])
    texts, numbers = (answer.item, answer.digest), (answer.revision, answer.entry)
    if {type(one) for one in texts} != {str} or {type(one) for one in numbers} != {int}:
        raise ValueError("This is not an answer of a receipt.")
    chain.canonical(answer.to_json())
    return answer


def check(file: File) -> Verification:
    """Verify a file by itself, then against the record."""
    receipt = _known(file.code)
    findings = [_whole(file), _recorded(file, receipt)]
    proof = file.proof
    if receipt is not None:
        findings += [_answers_recorded(file, receipt)]
        findings += list(_of_the_record(receipt, proof or receipt.proof))
    else:
        findings.append(_sealed(proof, in_our_tree=False))
    return Verification(file.code, receipt, tuple(findings))


def _whole(file: File) -> Finding:
    """A file's own parts fit together: entry and hash, code, answers and digest, proof."""
    entry, proof = file.entry, file.proof
    try:
        fits = chain.digest(*entry[:-1]) == entry.hash
    except ValueError:
        fits = False
    fits = fits and entry.kind in ENDINGS and entry.payload.get("receipt") == file.code
    digest = finals.digest_of(file.answers)
    fits = fits and file.digest == digest == entry.payload.get("answers", digest)
    if proof is not None:
        fits = fits and (proof.stream, proof.seq, proof.head) == (
            entry.stream, entry.seq, entry.hash
        )  # fmt: skip
    return Finding("whole", fits)


def _recorded(file: File, receipt: Receipt | None) -> Finding:
    if receipt is None:
        return Finding("recorded", holds=False)
    hashes = LedgerEntry.objects.filter(stream__name=receipt.entry.stream, seq=file.entry.seq)
    known = list(hashes.values_list("hash", flat=True))
    return Finding("recorded", known == [file.entry.hash])


def _answers_recorded(file: File, receipt: Receipt) -> Finding:
    stream = ledger.read(receipt.entry.stream)
    recorded = _answers(one for one in stream if one.seq < file.entry.seq)
    same = {*recorded} == {*file.answers}
    return Finding("answers_recorded", same, {"count": len(file.answers)})
