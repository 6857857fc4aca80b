import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrity.policy import seb
from integrity.policy.seb import Assurance, Claim, Profile

ADDRESS = "https://exam.example.org/s/abc"
EXAMPLE: dict[str, Any] = {
    "startURL": ADDRESS,
    "allowQuit": True,
    "URLFilterEnable": False,
    "allowWlan": False,
    "originatorVersion": "X_1.0",
    "sendBrowserExamKey": True,
    "examKeySalt": bytes([0, 1, 2]),
    "URLFilterRules": [
        {"expression": "exam.example.org/*", "active": True, "regex": False, "action": 1}
    ],
    "emptyDict": {},
    "additionalResources": [],
    "quitURL": "https://exam.example.org/quit",
    "whitelistURLFilter": r"a\.b",
    "allowedDisplaysMaxNumber": 1,
}
EXAMPLE_KEY = "bc3e4fb8485659977574768bfb7d153ad191a816e1e136573fa96f78e90087fe"
EXAM_KEY = "ab" * 32


def test_the_worked_example_is_written_without_any_escaping() -> None:
    assert seb.seb_json(EXAMPLE) == (
        '{"additionalResources":[],"allowedDisplaysMaxNumber":1,"allowQuit":true,'
        '"allowWlan":false,"examKeySalt":"AAEC","quitURL":"https://exam.example.org/quit",'
        '"sendBrowserExamKey":true,"startURL":"https://exam.example.org/s/abc",'
        '"URLFilterEnable":false,"URLFilterRules":[{"action":1,"active":true,'
        '"expression":"exam.example.org/*","regex":false}],"whitelistURLFilter":"a\\.b"}'
    )


def test_the_worked_example_has_its_config_key_and_its_header() -> None:
    assert seb.config_key(EXAMPLE) == EXAMPLE_KEY
    assert seb.request_hash(f"{ADDRESS}?x=1", EXAMPLE_KEY) == (
        "680315c9c2e750983e1c8e245184b6b5cb3c94a41232e2a8fd83b15043ef4630"
    )


def test_a_fragment_does_not_count() -> None:
    assert seb.request_hash(f"{ADDRESS}#top", EXAMPLE_KEY) == seb.request_hash(ADDRESS, EXAMPLE_KEY)


def test_numbers_nothing_and_nested_dictionaries_have_one_form() -> None:
    found = seb.seb_json({"b": 1.0, "A": 0.5, "c": None, "D": {"z": 1, "Y": {}, "x": [{}]}})
    assert found == '{"A":0.5,"b":1,"c":"","D":{"x":[{}],"z":1}}'


def test_what_browsers_do_not_write_alike_has_no_key() -> None:
    deep: Any = 1
    for _ in range(50):
        deep = [deep]
    for value in (object(), float("nan"), float("inf"), deep, {1: 2}):
        with pytest.raises(seb.SettingsError):
            seb.config_key({"key": value})


def test_a_hash_names_its_key_and_no_other() -> None:
    sent = seb.request_hash(ADDRESS, EXAM_KEY)
    assert seb.matching(ADDRESS, [EXAMPLE_KEY, EXAM_KEY], sent.upper()) == EXAM_KEY
    assert seb.matching(f"{ADDRESS}/", [EXAM_KEY], sent) == ""
    assert seb.matching(ADDRESS, [EXAM_KEY], "") == ""
    assert seb.matching(ADDRESS, [EXAM_KEY], "ü") == ""


def prove(claim: Claim, *exam_keys: str) -> seb.Proof:
    return seb.prove(ADDRESS, claim, config_keys=[EXAMPLE_KEY], exam_keys=exam_keys)


def test_the_level_of_assurance_is_the_strongest_that_is_proved() -> None:
    config = seb.request_hash(ADDRESS, EXAMPLE_KEY)
    exam = seb.request_hash(ADDRESS, EXAM_KEY)
    agent = "Mozilla/5.0 (Windows NT 10.0) SEB/3.7"
    assert prove(Claim("Mozilla/5.0 Firefox/140")).assurance is Assurance.NONE
    assert prove(Claim(agent)).assurance is Assurance.USER_AGENT
    assert prove(Claim(agent, config)).assurance is Assurance.CONFIG_KEY
    assert prove(Claim(agent, config, exam)).assurance is Assurance.CONFIG_KEY
    assert prove(Claim(agent, config, exam), EXAM_KEY).assurance is Assurance.BROWSER_EXAM_KEY


def test_where_exam_keys_are_listed_both_keys_are_needed() -> None:
    config = seb.request_hash(ADDRESS, EXAMPLE_KEY)
    exam = seb.request_hash(ADDRESS, EXAM_KEY)
    assert seb.satisfies(prove(Claim("", config)), exam_keys=[])
    assert not seb.satisfies(prove(Claim("", config), EXAM_KEY), exam_keys=[EXAM_KEY])
    assert not seb.satisfies(prove(Claim("", "", exam), EXAM_KEY), exam_keys=[EXAM_KEY])
    assert seb.satisfies(prove(Claim("", config, exam), EXAM_KEY), exam_keys=[EXAM_KEY])


@pytest.mark.parametrize(
    ("agent", "named"),
    [("x SEB/3.5", True), ("SafeExamBrowser SEB", True), ("Sebastian", False), ("", False)],
)
def test_a_browser_can_name_itself(agent: str, named: bool) -> None:
    assert seb.names_itself(agent) is named


def test_exam_keys_are_read_as_they_are_pasted() -> None:
    assert seb.read_exam_keys(f" {EXAM_KEY.upper()},\n{EXAMPLE_KEY}; {EXAM_KEY}") == (
        EXAM_KEY,
        EXAMPLE_KEY,
    )
    with pytest.raises(ValueError, match="64 digits"):
        seb.read_exam_keys("abc")


def test_two_secrets_make_two_config_keys() -> None:
    keys = {
        seb.config_key(
            seb.settings_of(
                Profile(quit_password_sha256=hashlib.sha256(b"quit").hexdigest()),
                start_url=ADDRESS,
                quit_url=f"{ADDRESS}/quit",
                origin="https://exam.example.org",
                secret=secret,
            )
        )
        for secret in (b"one", b"two")
    }
    assert len(keys) == 2


def test_a_profile_survives_being_written() -> None:
    profile = Profile(allow_quit=False, displays=2, allowed_urls=("help.example.org/*",))
    assert Profile.read(profile.write() | {"unknown": 1}) == profile


SETTINGS = st.recursive(
    st.booleans() | st.integers() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(), inner, max_size=3).filter(
            lambda found: len({key.lower() for key in found}) == len(found)
        )
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.text(min_size=1), SETTINGS, max_size=5))
def test_the_order_of_the_settings_does_not_matter(settings: dict[str, Any]) -> None:
    turned = dict(reversed(list(settings.items())))
    assert seb.config_key(turned) == seb.config_key(settings)
