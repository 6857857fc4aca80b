import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from integrity import chain
from integrity.chain import Break, BreakKind, Entry, Position

AT = datetime(2026, 11, 22, 10, 42, 7, 128_999, tzinfo=UTC)

texts = st.text(st.characters(exclude_categories=["Cs"]))
integers = st.integers(-chain.LARGEST_INTEGER, chain.LARGEST_INTEGER)
scalars = st.one_of(texts, integers, st.booleans())
keys = st.text(st.characters(max_codepoint=127), min_size=1)
payloads = st.dictionaries(keys, st.one_of(scalars, st.lists(scalars)))


def run(length: int, *, stream: str = "session:1") -> list[Entry]:
    entries: list[Entry] = []
    for number in range(length):
        last = entries[-1] if entries else None
        entries.append(
            chain.seal(
                Position(last.seq, last.hash) if last else chain.START,
                stream=stream,
                kind="response.saved",
                at_ms=chain.milliseconds(AT) + number,
                actor="candidate:12",
                payload={"item": f"Q{number}", "revision": number},
            )
        )
    return entries


@given(payloads)
def test_payloads_are_written_as_rfc_8785_writes_them(payload: Any) -> None:
    assert chain.body(payload).encode() == rfc8785.dumps(payload)
    assert chain.canonical(payload) == rfc8785.dumps(payload)


@given(payloads, texts.filter(lambda t: t.isprintable() and 0 < len(t) <= 60))
def test_the_hash_is_the_formula_of_the_design(payload: Any, name: str) -> None:
    first = run(1)[0]
    entry = chain.seal(
        Position(first.seq, first.hash),
        stream=first.stream, kind=name, at_ms=5, actor=name, payload=payload,
    )  # fmt: skip
    bare: dict[str, Any] = {
        "v": 1, "stream": "session:1", "seq": 2, "kind": name, "at_ms": 5, "actor": name,
        "payload": payload, "prev": first.hash,
    }  # fmt: skip
    hashed = b"invigil-ledger/1\n" + bytes.fromhex(first.hash) + rfc8785.dumps(bare)
    assert entry.hash == hashlib.sha256(hashed).hexdigest()
    assert entry.to_json().encode() == rfc8785.dumps({**bare, "hash": entry.hash})
    assert Entry.from_json(entry.to_json()) == entry


def test_the_genesis_follows_zeros() -> None:
    assert run(1)[0].prev == "0" * 64
    assert run(1)[0].seq == 1


def test_a_known_entry_keeps_its_hash_for_ever() -> None:
    assert (
        run(2)[1].to_json() == '{"actor":"candidate:12","at_ms":1795344127129,'
        '"hash":"6994c967683c444e7e825ac09976e16570278a6cc61228f36e9ea74d6352360f",'
        '"kind":"response.saved","payload":{"item":"Q1","revision":1},'
        '"prev":"1ee2e8ab4eb76de3eb0738dcabed372a2b3cba87d1d5678be2b165dc96172315",'
        '"seq":2,"stream":"session:1","v":1}'
    )


@pytest.mark.parametrize(
    "payload",
    [
        {"a": 1.5},
        {"a": None},
        {"a": {"b": 1}},
        {"a": [1, None]},
        {"a": [[1]]},
        {"a": b"x"},
        {"é": 1},
        {"": 1},
        {1: 1},
        {"a": 2**53},
        {"a": -(2**53)},
        {"a": ["x", "\ud800"]},
    ],
)
def test_a_payload_that_is_not_flat_is_refused(payload: Any) -> None:
    with pytest.raises(chain.PayloadError):
        chain.body(payload)


@pytest.mark.parametrize(
    "names", [{"stream": ""}, {"kind": "a\nb"}, {"actor": "x" * 201}, {"kind": "k" * 65}]
)
def test_a_name_that_no_column_could_hold_is_refused(names: dict[str, str]) -> None:
    given_names = {"stream": "s", "kind": "k", "actor": "a", **names}
    with pytest.raises(ValueError, match="printable characters"):
        chain.seal(chain.START, at_ms=1, payload={}, **given_names)


def test_milliseconds_are_exact_and_rounded_down() -> None:
    assert chain.milliseconds(AT) == 1795344127128
    elsewhere = AT.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert chain.milliseconds(elsewhere) == 1795344127128
    assert run(1)[0].at == AT.replace(microsecond=128_000)


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(1970, 1, 1)))  # noqa: DTZ001
def test_a_time_survives_as_milliseconds(at: datetime) -> None:
    kept = chain.EPOCH + chain.milliseconds(at) * chain.MILLISECOND
    assert kept == at.replace(microsecond=at.microsecond // 1000 * 1000)


def test_an_untouched_run_has_no_break() -> None:
    assert chain.verify(run(9)) is None
    assert chain.verify([]) is None


def test_the_end_of_a_run_verifies_from_its_position() -> None:
    entries = run(9)
    assert chain.verify(entries[4:], start=Position(4, entries[3].hash)) is None


@pytest.mark.parametrize(
    "change", [{"kind": "x"}, {"at_ms": 7}, {"actor": "x"}, {"body": "{}"}, {"prev": "z"}]
)
def test_an_edit_of_any_field_is_found(change: dict[str, Any]) -> None:
    entries = run(5)
    entries[2] = entries[2]._replace(**change)
    assert chain.verify(entries) == Break(BreakKind.EDITED, 3)


def test_a_removed_entry_is_found() -> None:
    for gone in (0, 2):
        entries = run(5)
        del entries[gone]
        assert chain.verify(entries) == Break(BreakKind.REMOVED, gone + 1)


def test_entries_in_another_order_are_found() -> None:
    entries = run(5)
    entries[2], entries[3] = entries[3], entries[2]
    assert chain.verify(entries) == Break(BreakKind.REORDERED, 3)


def test_entries_that_swapped_their_numbers_are_found() -> None:
    entries = run(5)
    entries[2], entries[3] = entries[3]._replace(seq=3), entries[2]._replace(seq=4)
    assert chain.verify(entries) == Break(BreakKind.REORDERED, 3)


def test_an_entry_that_appears_twice_is_found() -> None:
    entries = run(5)
    entries.insert(3, entries[2])
    assert chain.verify(entries) == Break(BreakKind.REPEATED, 3)


def test_an_edit_that_was_sealed_again_breaks_the_next_link() -> None:
    entries = run(5)
    forged = entries[2]._replace(body='{"item":"Q9","revision":2}')
    entries[2] = forged._replace(hash=chain.digest(*forged[:-1]))
    assert chain.verify(entries) == Break(BreakKind.LINK, 4)


def test_an_entry_of_another_stream_is_found() -> None:
    entries = run(5)
    entries[2] = run(5, stream="session:2")[2]
    assert chain.verify(entries) == Break(BreakKind.EDITED, 3)


@settings(deadline=None)
@given(st.integers(1, 6), st.data())
def test_no_single_change_of_an_exported_character_goes_unnoticed(
    length: int, data: st.DataObject
) -> None:
    lines = [entry.to_json() for entry in run(length)]
    index = data.draw(st.integers(0, length - 1))
    place = data.draw(st.integers(0, len(lines[index]) - 1))
    letter = data.draw(st.characters(codec="utf-8").filter(lambda c: c != lines[index][place]))
    lines[index] = lines[index][:place] + letter + lines[index][place + 1 :]
    try:
        entries = [Entry.from_json(line) for line in lines]
    except (ValueError, TypeError):
        return  # it is not even an entry any more
    last = Position(length, run(length)[-1].hash)
    walk = chain.Walk("session:1")
    assert any(walk.take(entry) for entry in entries) or walk.end(last)


def test_the_head_tells_a_cut_tail_from_an_added_one_and_from_a_replaced_one() -> None:
    entries = run(5)
    for head, expected in [
        (Position(5, entries[4].hash), None),
        (Position(7, entries[4].hash), Break(BreakKind.TRUNCATED, 6)),
        (Position(3, entries[2].hash), Break(BreakKind.ADDED, 4)),
        (Position(5, entries[2].hash), Break(BreakKind.HEAD, 5)),
    ]:
        walk = chain.Walk("session:1")
        for entry in entries:
            walk.take(entry)
        assert walk.end(head) == expected


def test_every_kind_of_break_has_its_sentence() -> None:
    for kind in BreakKind:
        assert "7" in Break(kind, 7).sentence


def test_an_exported_line_that_is_not_an_entry_is_refused() -> None:
    good = json.loads(run(1)[0].to_json())
    for line in ("[]", "1", json.dumps({**good, "v": 2}), json.dumps({**good, "more": 1})):
        with pytest.raises(ValueError, match="not a ledger entry"):
            Entry.from_json(line)
