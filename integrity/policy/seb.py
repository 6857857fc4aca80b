"""Safe Exam Browser: settings, their Config Key, and the hashes that a checked browser sends.

The Config Key is SHA-256 over "SEB-JSON", which escapes nothing (SEB developer documentation,
"Config Key"). It proves that the browser knows the configuration, and no more: whoever can read
the file can compute it. So a configuration carries a secret of its own, and what was proved has
a level: nothing, a name, the Config Key, or a Browser Exam Key.
"""

import base64
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

Settings = dict[str, Any]

CONFIG_KEY_HEADER: Final = "X-SafeExamBrowser-ConfigKeyHash"
EXAM_KEY_HEADER: Final = "X-SafeExamBrowser-RequestHash"
DEEPEST: Final = 32
KEY: Final = re.compile(r"[0-9a-f]{64}")
# Prefer the modern web view; where it sends no headers, its JavaScript API answers instead.
MODERN_WEB_VIEW: Final = 3


class SettingsError(ValueError):
    """Settings without a Config Key; the message is a sentence for who wrote them."""


class Mode(StrEnum):
    """What a policy asks of the browser."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


class Assurance(StrEnum):
    """What is known of a session's browser, weakest first."""

    NONE = "none"
    USER_AGENT = "user_agent"
    CONFIG_KEY = "config_key"
    BROWSER_EXAM_KEY = "browser_exam_key"

    @property
    def rank(self) -> int:
        return list(Assurance).index(self)


def seb_json(settings: Settings) -> str:
    """Write settings as SEB-JSON; raises SettingsError for what has no agreed form in it."""
    return _written(settings, 0)


def config_key(settings: Settings) -> str:
    """Return the Config Key of settings: 64 hexadecimal digits; raises SettingsError."""
    return sha256(seb_json(settings).encode("utf-8", "surrogatepass")).hexdigest()


def _written(value: Any, depth: int) -> str:
    if depth > DEEPEST:
        raise SettingsError(f"The settings are nested deeper than {DEEPEST} levels.")
    if isinstance(value, dict):
        return _dictionary(value, depth)
    if isinstance(value, list | tuple):
        return f"[{','.join(_written(one, depth + 1) for one in value)}]"
    if value is None:
        return '""'
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bytes | bytearray):
        return f'"{base64.b64encode(value).decode()}"'
    return _scalar(value)


def _dictionary(value: Mapping[Any, Any], depth: int) -> str:
    if not all(isinstance(key, str) for key in value):
        raise SettingsError("A key of the settings is not a text.")
    kept = [key for key, held in value.items() if key.lower() != "originatorversion" and held != {}]
    kept.sort(key=lambda key: (key.lower(), key))
    return "{" + ",".join(f'"{key}":{_written(value[key], depth + 1)}' for key in kept) + "}"


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and abs(value) < 1e15:
        return str(int(value)) if value.is_integer() else repr(value)
    raise SettingsError(
        f"The settings hold a {type(value).__name__}, which Safe Exam Browsers do not write alike; "
        "leave it out."
    )


def request_hash(url: str, key: str) -> str:
    """Return what a browser with `key` sends for `url`, whose fragment does not count."""
    address = url.partition("#")[0]
    return sha256(f"{address}{key}".encode()).hexdigest()


def matching(url: str, keys: Iterable[str], given: str) -> str:
    """Return the key that makes `given` the hash of `url`, or ""; takes as long for each key."""
    found = ""
    for key in keys:
        if hmac.compare_digest(request_hash(url, key).encode(), given.strip().lower().encode()):
            found = key
    return found


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request, or the JavaScript API, says of its browser."""

    user_agent: str = ""
    config_key_hash: str = ""
    exam_key_hash: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.config_key_hash or self.exam_key_hash)


@dataclass(frozen=True, slots=True)
class Proof:
    """What a claim proves for a URL: which keys it knew, and so how much is known."""

    config_key: str
    exam_key: str
    assurance: Assurance


def prove(url: str, claim: Claim, *, config_keys: Sequence[str], exam_keys: Sequence[str]) -> Proof:
    """Return what a claim proves; a Browser Exam Key counts only where a list of them is kept."""
    config = matching(url, config_keys, claim.config_key_hash)
    exam = matching(url, exam_keys, claim.exam_key_hash)
    level = Assurance.NONE
    if names_itself(claim.user_agent):
        level = Assurance.USER_AGENT
    if config:
        level = Assurance.CONFIG_KEY
    if exam:
        level = Assurance.BROWSER_EXAM_KEY
    return Proof(config, exam, level)


def satisfies(proof: Proof, *, exam_keys: Sequence[str]) -> bool:
    """Tell whether a proof is enough: the Config Key, and an exam key where some are listed."""
    return bool(proof.config_key) and (bool(proof.exam_key) or not exam_keys)


def names_itself(user_agent: str) -> bool:
    """Tell whether a browser calls itself Safe Exam Browser; anything can."""
    return re.search(r"\bSEB(?![a-z])", user_agent) is not None


def read_exam_keys(text: str) -> tuple[str, ...]:
    """Read a list of Browser Exam Keys, parted by space, comma or semicolon; raises ValueError."""
    keys = [key.lower() for key in re.split(r"[\s,;]+", text) if key]
    wrong = next((key for key in keys if not KEY.fullmatch(key)), None)
    if wrong is not None:
        raise ValueError(
            f"“{wrong[:80]}” is not a Browser Exam Key: a key has 64 digits, 0 to 9 and a to f."
        )
    return tuple(dict.fromkeys(keys))


@dataclass(frozen=True, slots=True)
class Profile:
    """What a policy sets in the configurations that are made for it."""

    allow_quit: bool = True
    quit_password_sha256: str = ""
    show_taskbar: bool = True
    show_time: bool = True
    show_reload_button: bool = True
    allow_reload: bool = True
    show_input_language: bool = False
    allow_spell_check: bool = False
    allow_wlan: bool = False
    mute_audio: bool = False
    allow_virtual_machine: bool = False
    displays: int = 1
    allowed_urls: tuple[str, ...] = ()

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> "Profile":
        """Read a profile from JSON; what is missing has its default, what is unknown is left."""
        known: dict[str, Any] = {f.name: data[f.name] for f in fields(cls) if f.name in data}
        if "allowed_urls" in known:
            known["allowed_urls"] = tuple(known["allowed_urls"])
        return cls(**known)

    def write(self) -> dict[str, Any]:
        """Return the profile as JSON; the inverse of `read`."""
        written = {f.name: getattr(self, f.name) for f in fields(self)}
        return written | {"allowed_urls": list(self.allowed_urls)}


# What no profile changes.
FIXED: Final[Mapping[str, Any]] = {
    "sebConfigPurpose": 0,
    "sebMode": 0,
    "quitURLConfirm": False,
    "sendBrowserExamKey": True,
    "browserWindowWebView": MODERN_WEB_VIEW,
    # The sign-in must outlive the change to this configuration.
    "examSessionClearCookiesOnStart": False,
    "allowPreferencesWindow": False,
    "browserMediaCaptureCamera": False,
    "browserMediaCaptureMicrophone": False,
    "allowScreenSharing": False,
    "allowDictation": False,
    "allowSiri": False,
    "URLFilterEnable": True,
    # The content filter would force the old web view, which has no JavaScript API.
    "URLFilterEnableContentFilter": False,
}


def settings_of(
    profile: Profile, *, start_url: str, quit_url: str, origin: str, secret: bytes
) -> Settings:
    """Return the settings of an exam's configuration; `secret` makes its Config Key its own."""
    allowed = [f"{origin.partition('://')[2]}/*", *profile.allowed_urls]
    settings: Settings = {
        **FIXED,
        "startURL": start_url,
        "quitURL": quit_url,
        "examKeySalt": secret,
        "allowQuit": profile.allow_quit,
        "showTaskBar": profile.show_taskbar,
        "showTime": profile.show_time,
        "showReloadButton": profile.show_reload_button,
        "browserWindowAllowReload": profile.allow_reload,
        "showInputLanguage": profile.show_input_language,
        "allowSpellCheck": profile.allow_spell_check,
        "allowWlan": profile.allow_wlan,
        "audioControlEnabled": profile.mute_audio,
        "audioMute": profile.mute_audio,
        "allowVirtualMachine": profile.allow_virtual_machine,
        "allowedDisplaysMaxNumber": profile.displays,
        "URLFilterRules": [
            {"action": 1, "active": True, "expression": rule, "regex": False} for rule in allowed
        ],
    }
    if profile.quit_password_sha256:
        settings["hashedQuitPassword"] = profile.quit_password_sha256
    return settings
