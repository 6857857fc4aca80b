"""Config Keys and files over any settings: the rule written a second time, and every packing."""

import base64
import gzip
import hashlib
import plistlib
import string
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from integrity.policy import seb, seb_files

# What a property list in XML can carry: no control characters, no half pairs; a lone carriage
# return is a line feed to every XML parser.
TEXT = st.text(
    st.characters(
        codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"
    ),
    max_size=12,
)
KEYS = st.one_of(
    st.text(string.ascii_letters + string.digits, min_size=1, max_size=8),
    TEXT.filter(bool),
    st.sampled_from(["originatorVersion", "ORIGINATORVERSION", "startURL", "StartURL", "ß", "İ"]),
)
SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e14, max_value=1e14),
    TEXT,
    st.binary(max_size=200),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)
SETTINGS = st.dictionaries(KEYS, VALUES, max_size=8)


def by_the_rule(value: Any) -> str:
    """SEB-JSON once more, as its description reads: seven sentences, one line each."""
    if isinstance(value, dict):
        named = {k: v for k, v in value.items() if k.lower() != "originatorversion" and v != {}}
        pairs = sorted(named.items(), key=lambda pair: (pair[0].lower(), pair[0]))
        return "{" + ",".join(f'"{key}":{by_the_rule(held)}' for key, held in pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(by_the_rule, value)) + "]"
    if isinstance(value, bytes):
        return f'"{base64.standard_b64encode(value).decode()}"'
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if value == int(value) else repr(value)


@given(SETTINGS)
@example({"a": "", "b": [], "c": {}, "d": [{}], "e": {"f": {}}})
@example({"text": 'a"b\\c/d\te\u2028ß猫𝄞', "data": b"\0\xff" * 60})
def test_the_key_is_the_digest_of_the_settings_by_the_rule(given_settings: dict[str, Any]) -> None:
    expected = hashlib.sha256(by_the_rule(given_settings).encode()).hexdigest()
    assert seb.config_key(given_settings) == expected


@given(SETTINGS, st.randoms(use_true_random=False))
def test_the_order_of_the_keys_changes_nothing(given_settings: dict[str, Any], random: Any) -> None:
    pairs = list(given_settings.items())
    random.shuffle(pairs)
    assert seb.config_key(dict(pairs)) == seb.config_key(given_settings)


@given(SETTINGS)
def test_a_file_has_the_key_of_its_settings_however_it_is_packed(
    given_settings: dict[str, Any],
) -> None:
    key = seb.config_key(given_settings)
    plain = seb_files.write(given_settings)
    for packed in (
        plain,
        plistlib.dumps(given_settings, sort_keys=False),
        b"\xef\xbb\xbf" + plain,
        gzip.compress(plain),
        gzip.compress(plain, compresslevel=0, mtime=1),
        gzip.compress(b"plnd" + plain),
        gzip.compress(b"plnd" + gzip.compress(plain)),
        b"plnd" + gzip.compress(plain),
    ):
        assert seb_files.config_key(packed) == key


@given(SETTINGS, st.text(min_size=1, max_size=12).filter(str.isprintable))
@settings(max_examples=15)
def test_a_file_under_a_password_has_the_key_of_its_settings(
    given_settings: dict[str, Any], password: str
) -> None:
    key = seb.config_key(given_settings)
    locked = seb_files.write_encrypted(given_settings, password)
    assert seb_files.config_key(locked, password) == key
    # Not packed outside, as some tools leave it.
    assert seb_files.config_key(gzip.decompress(locked), password) == key
    with pytest.raises(seb_files.SebFileError):
        seb_files.config_key(locked, password + "x")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("<real>1</real>", "1"),
        ("<real>1.50</real>", "1.5"),
        ("<real>-0.25</real>", "-0.25"),
        ("<integer>-1</integer>", "-1"),
        ("<true/>", "true"),
        ("<string></string>", '""'),
        ("<string/>", '""'),
        ("<string> a\n b </string>", '" a\n b "'),
        ("<string>&lt;&amp;&#228;&quot;</string>", '"<&ä""'),
        ("<data>\n\tAAEC\n\tAw==\n</data>", '"AAECAw=="'),
        ("<data></data>", '""'),
        ("<array/>", "[]"),
        ("<array><array/><dict/><string>x</string></array>", '[[],{},"x"]'),
        ("<dict><key>b</key><true/><key>A</key><false/></dict>", '{"A":false,"b":true}'),
    ],
)
def test_each_kind_of_value_in_a_file_has_its_one_form(written: str, shown: str) -> None:
    data = f'<?xml version="1.0"?><plist version="1.0"><dict><key>k</key>{written}</dict></plist>'
    expected = hashlib.sha256(f'{{"k":{shown}}}'.encode()).hexdigest()
    assert seb_files.config_key(data.encode()) == expected


def test_a_date_has_no_form_that_all_browsers_share() -> None:
    data = b"<plist><dict><key>k</key><date>2026-11-23T10:00:00Z</date></dict></plist>"
    with pytest.raises(seb_files.SebFileError, match="leave it out"):
        seb_files.config_key(data)


@given(SETTINGS, st.integers(1, 60))
def test_a_packed_file_that_was_cut_off_is_told(given_settings: dict[str, Any], cut: int) -> None:
    packed = gzip.compress(seb_files.write(given_settings))
    with pytest.raises(seb_files.SebFileError):
        seb_files.config_key(packed[: max(2, len(packed) - cut)])
