import gzip
import os
import plistlib
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from integrity.policy import seb, seb_files
from integrity.policy.seb_files import SebFileError
from tests.integrity.policy.test_seb import EXAMPLE, EXAMPLE_KEY

PLAIN = seb_files.write(EXAMPLE)
LOCKED = seb_files.write_encrypted(EXAMPLE, "sésame")


def test_a_plain_file_is_an_xml_property_list_with_the_example_s_key() -> None:
    assert PLAIN.startswith(b"<?xml")
    assert seb_files.read(PLAIN) == EXAMPLE
    assert seb_files.config_key(PLAIN) == EXAMPLE_KEY


def test_packed_files_are_read_too() -> None:
    assert seb_files.read(gzip.compress(PLAIN)) == EXAMPLE
    assert seb_files.read(gzip.compress(b"plnd" + gzip.compress(PLAIN))) == EXAMPLE


def test_an_encrypted_file_has_the_format_s_marks_and_opens_with_its_password() -> None:
    inside = gzip.decompress(LOCKED)
    assert inside[:6] == b"pswd\x02\x01"
    assert (len(inside) - 4 - 34 - 32) % 16 == 0
    assert seb_files.config_key(LOCKED, "sésame") == EXAMPLE_KEY
    assert seb_files.write_encrypted(EXAMPLE, "sésame") != LOCKED


@pytest.mark.parametrize(
    ("data", "password", "sentence"),
    [
        (LOCKED, "", "Give the password, too"),
        (LOCKED, "sesame", "does not open the file"),
        (LOCKED[:-9], "sésame", "its end is missing"),
        (gzip.compress(b"pswd\x02\x01short"), "x", "not complete"),
        (gzip.compress(b"pkhs" + b"0" * 99), "", "certificate"),
        (b"", "", "not a configuration"),
        (b"<html></html>", "", "not a configuration"),
        (b"<plist><dict><key>a</key></dict></plist>", "", "broken"),
        (b"<plist><array/></plist>", "", "no settings"),
        (b"\x1f\x8bnonsense", "", "cannot be unpacked"),
        (b"<plist>" + b" " * seb_files.LARGEST_FILE, "", "larger than 8 MB"),
        (gzip.compress(b"0" * (seb_files.LARGEST_UNPACKED + 1)), "", "more than 32 MB"),
        (plistlib.dumps({"at": datetime.now(UTC).replace(tzinfo=None)}), "", "leave it out"),
    ],
    # Packed data carries its time: as names of tests it would differ from worker to worker.
    ids=range(13),
)
def test_what_cannot_be_read_is_refused_with_a_sentence(
    data: bytes, password: str, sentence: str
) -> None:
    with pytest.raises(SebFileError, match=sentence):
        seb_files.config_key(data, password)


def test_entities_are_not_expanded() -> None:
    bomb = (
        b'<?xml version="1.0"?><!DOCTYPE plist [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
        b"<plist><dict><key>x</key><string>&b;</string></dict></plist>"
    )
    with pytest.raises(SebFileError, match="broken"):
        seb_files.read(bomb)


def key_or_sentence(data: bytes, password: str = "") -> str:
    """Return the key of a file or why it has none; anything else that is raised is a fault."""
    try:
        return seb_files.config_key(data, password)
    except SebFileError as error:
        return str(error)


@given(st.binary(max_size=400), st.text(max_size=5))
def test_any_bytes_are_settings_or_a_sentence(data: bytes, password: str) -> None:
    for packed in (data, gzip.compress(data), gzip.compress(b"pswd" + data), PLAIN[:90] + data):
        told = key_or_sentence(packed, password)
        assert told.endswith(".") or len(told) == 64


@given(st.integers(0, len(PLAIN) - 1), st.integers(0, 255))
def test_a_changed_byte_is_settings_or_a_sentence(place: int, byte: int) -> None:
    told = key_or_sentence(PLAIN[:place] + bytes([byte]) + PLAIN[place + 1 :])
    assert told.endswith(".") or len(told) == 64


def test_the_command_prints_the_key(tmp_path: Path) -> None:
    file = tmp_path / "exam.seb"
    file.write_bytes(PLAIN)
    out = StringIO()
    call_command("seb_config_key", str(file), stdout=out)
    assert out.getvalue() == f"{EXAMPLE_KEY}\n"


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "exam.seb"
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("seb_config_key", str(file))
    file.write_bytes(b"nothing")
    with pytest.raises(CommandError, match="not a configuration"):
        call_command("seb_config_key", str(file))


def test_a_file_of_others_has_the_key_that_others_computed() -> None:
    folder = Path(os.environ.get("INVIGIL_QTI_DIR", "/nowhere")).parent / "seb"
    file = folder / "unencrypted_mac_001.seb"
    if not file.exists():
        pytest.skip("needs the vector of others, beside INVIGIL_QTI_DIR")
    key = "4fa9af8ec8759eb7c680752ef4ee5eaf1a860628608fccae2715d519849f9292"
    assert seb.config_key(seb_files.read(file.read_bytes())) == key
