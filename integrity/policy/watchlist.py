"""What a page can notice: each signal with its words, how far it holds, and its innocent causes.

All texts are message ids.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


def gettext_noop(text: str) -> str:
    """Mark a text for translation; the caller translates it when it is shown."""
    return text


class Reliability(StrEnum):
    GOOD = "good"  # the browser tells it whenever it happens
    FAIR = "fair"  # true when told, but not always told
    WEAK = "weak"  # often told for harmless reasons


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that the page can notice."""

    name: str
    title: str
    records: str  # what the candidate is told beforehand
    fired: str  # what the candidate is told when its rule fires
    go_on: str  # how to go on where nobody else has to act
    reliability: Reliability
    innocent_causes: tuple[str, ...]
    adverse: bool = True  # only an adverse signal can have a consequence beyond the log
    assistive: bool = False  # assistive software sets it off, so a profile may quiet it


_SIGNALS = (
    Signal(
        "fullscreen_enter",
        gettext_noop("Entered full screen"),
        gettext_noop("when the test fills the screen"),
        gettext_noop("The test fills the screen again."),
        gettext_noop("Go on with your test."),
        Reliability.GOOD,
        (gettext_noop("the candidate followed the request to use full screen"),),
        adverse=False,
    ),
    Signal(
        "fullscreen_exit",
        gettext_noop("Left full screen"),
        gettext_noop("when the test no longer fills the screen"),
        gettext_noop("The test no longer fills the screen."),
        gettext_noop("Return to full screen, then go on."),
        Reliability.GOOD,
        (
            gettext_noop("the Escape key was pressed to close a menu"),
            gettext_noop("the device showed a message of its own, or went to sleep"),
            gettext_noop("a screen reader or magnifier switched the window"),
        ),
        assistive=True,
    ),
    Signal(
        "tab_visible",
        gettext_noop("Page in front again"),
        gettext_noop("when the page is visible again"),
        gettext_noop("The page is visible again."),
        gettext_noop("Go on with your test."),
        Reliability.FAIR,
        (gettext_noop("the device woke up"),),
        adverse=False,
    ),
    Signal(
        "tab_hidden",
        gettext_noop("Page hidden"),
        gettext_noop("when another tab or window hides the page, or the device is locked"),
        gettext_noop("The page was hidden: another tab, window or the lock screen covered it."),
        gettext_noop("Keep this page in front, then go on."),
        Reliability.FAIR,
        (
            gettext_noop("the screen locked or the device went to sleep"),
            gettext_noop("a notification or a call came to the front"),
            gettext_noop("assistive software opened a window of its own"),
        ),
        assistive=True,
    ),
    Signal(
        "copy_attempt",
        gettext_noop("Tried to copy"),
        gettext_noop("when you try to copy text of the test, but not the text itself"),
        gettext_noop("Copying from the test was tried. It is switched off in this test."),
        gettext_noop("Go on without copying."),
        Reliability.FAIR,
        (
            gettext_noop("text was marked and moved inside the candidate's own answer"),
            gettext_noop("a reading aid copies text in order to speak it"),
        ),
        assistive=True,
    ),
    Signal(
        "keyboard_shortcut",
        gettext_noop("Pressed a shortcut"),
        gettext_noop("when you press a shortcut that leaves, prints, saves or searches the page"),
        gettext_noop("A shortcut was pressed that this test does not allow."),
        gettext_noop("Go on without that shortcut."),
        Reliability.WEAK,
        (
            gettext_noop("a finger slipped, or a habit from other programs"),
            gettext_noop("a screen reader uses the same keys"),
            gettext_noop("a keyboard layout writes a letter by that combination"),
        ),
        assistive=True,
    ),
    Signal(
        "network_disconnect",
        gettext_noop("Connection lost"),
        gettext_noop("when your device loses its connection"),
        gettext_noop("The connection was lost."),
        gettext_noop("Go on: your answers are kept on this device until it is back."),
        Reliability.WEAK,
        (
            gettext_noop("the network in the room failed"),
            gettext_noop("the device slept or changed its network"),
        ),
    ),
    Signal(
        "network_reconnect",
        gettext_noop("Connection back"),
        gettext_noop("when the connection is back"),
        gettext_noop("The connection is back."),
        gettext_noop("Go on with your test."),
        Reliability.WEAK,
        (gettext_noop("the network in the room recovered"),),
        adverse=False,
    ),
    Signal(
        "window_blur",
        gettext_noop("Other window in use"),
        gettext_noop("when another window or program has the keyboard"),
        gettext_noop("Another window or program had the keyboard."),
        gettext_noop("Keep to this window, then go on."),
        Reliability.WEAK,
        (
            gettext_noop("the system or the browser asked something in a window of its own"),
            gettext_noop("a screen reader, a magnifier or an input method took the keyboard"),
        ),
        assistive=True,
    ),
    Signal(
        "window_focus",
        gettext_noop("Window in use again"),
        gettext_noop("when this window has the keyboard again"),
        gettext_noop("This window has the keyboard again."),
        gettext_noop("Go on with your test."),
        Reliability.WEAK,
        (gettext_noop("the window of another program closed by itself"),),
        adverse=False,
    ),
    Signal(
        "cut_attempt",
        gettext_noop("Tried to cut"),
        gettext_noop("when you try to cut text of the test, but not the text itself"),
        gettext_noop("Cutting from the test was tried. It is switched off in this test."),
        gettext_noop("Go on without cutting."),
        Reliability.FAIR,
        (
            gettext_noop("text was marked and moved inside the candidate's own answer"),
            gettext_noop("a finger slipped on the keyboard"),
        ),
        assistive=True,
    ),
    Signal(
        "paste_attempt",
        gettext_noop("Tried to paste"),
        gettext_noop(
            "when you try to paste into an answer, and how many characters, but not which"
        ),
        gettext_noop("Pasting into an answer was tried. It is switched off in this test."),
        gettext_noop("Write your answer here."),
        Reliability.FAIR,
        (
            gettext_noop("text was moved inside the candidate's own answer"),
            gettext_noop("dictation, an input method or word prediction pastes what it writes"),
        ),
        assistive=True,
    ),
    Signal(
        "context_menu",
        gettext_noop("Opened a context menu"),
        gettext_noop("when you open the menu of the right mouse button"),
        gettext_noop(
            "The menu of the right mouse button was opened. It is switched off in this test."
        ),
        gettext_noop("Go on without that menu."),
        Reliability.WEAK,
        (
            gettext_noop("a long touch on a screen"),
            gettext_noop("a keyboard has a key for it, and assistive software uses it"),
        ),
        assistive=True,
    ),
    Signal(
        "print_attempt",
        gettext_noop("Tried to print"),
        gettext_noop("when you try to print the test"),
        gettext_noop("Printing the test was tried. It is switched off in this test."),
        gettext_noop("Go on without printing."),
        Reliability.FAIR,
        (gettext_noop("the keys for printing were pressed by habit"),),
    ),
    Signal(
        "drag_attempt",
        gettext_noop("Dragged text or a picture"),
        gettext_noop("when you drag text or a picture out of the test"),
        gettext_noop(
            "Text or a picture was dragged. Only what an item lets you move can be dragged."
        ),
        gettext_noop("Go on without dragging."),
        Reliability.WEAK,
        (
            gettext_noop("the mouse slipped while text was marked"),
            gettext_noop("a tremor holds the button down"),
        ),
        assistive=True,
    ),
    Signal(
        "screen_extended",
        gettext_noop("More than one screen"),
        gettext_noop("when a further screen is connected to your device"),
        gettext_noop("A further screen is connected to this device."),
        gettext_noop("Disconnect the further screen, then go on."),
        Reliability.FAIR,
        (
            gettext_noop("a television or a projector is connected and dark"),
            gettext_noop("a screen enlarges the test for the candidate"),
        ),
        assistive=True,
    ),
    Signal(
        "wake_lock_lost",
        gettext_noop("Screen may go dark"),
        gettext_noop("when your device may let its screen go dark"),
        gettext_noop("This device no longer keeps its screen on."),
        gettext_noop("Touch the screen now and then."),
        Reliability.WEAK,
        (
            gettext_noop("the battery is low"),
            gettext_noop("the page was hidden, or the browser cannot do it"),
        ),
        adverse=False,
    ),
)
SIGNALS: Mapping[str, Signal] = MappingProxyType({signal.name: signal for signal in _SIGNALS})
CLIENT_EVENTS = tuple(SIGNALS)
