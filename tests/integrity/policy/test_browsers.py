import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrity.policy import browsers, shortcuts
from integrity.policy.browsers import Browser, BrowserListError
from integrity.policy.shortcuts import ShortcutError

SAFARI = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.4 Safari/605.1.15"
)
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/{} Safari/537.36"


@pytest.mark.parametrize(
    ("agent", "browser"),
    [
        (CHROME.format("131.0.0.0"), Browser("Chrome", 131)),
        (CHROME.format("131.0.0.0") + " Edg/131.0.2903.51", Browser("Edge", 131)),
        (CHROME.format("129.0.0.0") + " OPR/115.0.0.0", Browser("Opera", 115)),
        ("Mozilla/5.0 (X11; rv:132.0) Gecko/20100101 Firefox/132.0", Browser("Firefox", 132)),
        (SAFARI, Browser("Safari", 17, 4)),
        ("curl/8.0", None),
        ("", None),
    ],
)
def test_a_browser_is_known_by_what_it_calls_itself(agent: str, browser: Browser | None) -> None:
    assert browsers.of(agent) == browser


def test_a_list_accepts_its_browsers_from_their_least_version_on() -> None:
    listed = browsers.read("chrome 120\n\nSafari 17.4\n")
    agents = (CHROME.format("120.0"), CHROME.format("119.9"), SAFARI, "Firefox/200.0", "curl")
    assert [browsers.accepts(listed, agent) for agent in agents] == [
        True, False, True, False, False,
    ]  # fmt: skip
    assert browsers.accepts((), "curl")
    assert [str(one) for one in listed] == ["Chrome 120", "Safari 17.4"]


@pytest.mark.parametrize("line", ["Chrome", "120", "Netscape 4", "Chrome x", "Chrome 12345"])
def test_a_line_that_is_no_browser_is_named(line: str) -> None:
    with pytest.raises(BrowserListError) as error:
        browsers.read(f"Firefox 1\n{line}")
    assert error.value.line == line


@given(st.text())
def test_whatever_calls_itself_something_is_a_browser_or_none(agent: str) -> None:
    assert browsers.accepts((), agent)
    found = browsers.of(agent)
    assert found is None or found.name in browsers.NAMES


def test_shortcuts_are_written_in_one_way() -> None:
    written = ["Shift+Ctrl+I", "cmd+p", "F12", "Control+Shift+I", "MOD+S"]
    assert shortcuts.read(written) == ("ctrl+shift+i", "meta+p", "f12", "mod+s")
    assert set(shortcuts.USUAL) <= {one.keys for one in shortcuts.TABLE}
    assert shortcuts.read(shortcuts.USUAL) == shortcuts.USUAL


@pytest.mark.parametrize(
    "text", ["", "+", "ctrl+", "ctrl", "hyper+x", "ctrl+ü", "a b", "ctrl+ctrl"]
)
def test_what_is_no_shortcut_is_refused(text: str) -> None:
    with pytest.raises(ShortcutError):
        shortcuts.read([text])


@given(st.lists(st.text(max_size=12), max_size=5))
def test_shortcuts_that_are_read_are_read_again_the_same(texts: list[str]) -> None:
    try:
        found = shortcuts.read(texts)
    except ShortcutError:
        return
    assert shortcuts.read(found) == found
