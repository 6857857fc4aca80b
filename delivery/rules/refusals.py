"""Why something is not done now: one reason each, with the sentence a person reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


def _(sentence: str) -> str:
    """Mark a sentence for translation; it is translated where it is shown."""
    return sentence


class Reason(StrEnum):
    """The machine's word for a refusal; `SENTENCES` holds the human's."""

    NOT_OPEN_YET = "not_open_yet"
    WINDOW_CLOSED = "window_closed"
    NO_ATTEMPTS_LEFT = "no_attempts_left"
    NOT_ADMITTED = "not_admitted"
    NEEDS_JAVASCRIPT = "needs_javascript"
    NEEDS_SEB = "needs_seb"
    WRONG_NETWORK = "wrong_network"
    OTHER_DEVICE = "other_device"
    ROOM_CODE = "room_code"
    NOT_STARTED = "not_started"
    PAUSED = "paused"
    CLOSED = "closed"
    TERMINATED = "terminated"
    OUT_OF_TIME = "out_of_time"
    SECTION_OUT_OF_TIME = "section_out_of_time"
    RESUME_NOT_PERMITTED = "resume_not_permitted"
    NOT_PAUSED = "not_paused"
    ALREADY_PAUSED = "already_paused"
    LEAVING_NOT_ALLOWED = "leaving_not_allowed"
    NO_SUCH_ITEM = "no_such_item"
    ITEM_CLOSED = "item_closed"
    ITEM_NOT_REACHED = "item_not_reached"
    PART_ENDED = "part_ended"
    PART_ENDS = "part_ends"
    UNANSWERED_REQUIRED = "unanswered_required"
    UNANSWERED = "unanswered"
    NO_SKIPPING = "no_skipping"
    NOT_VALID = "not_valid"
    NO_ATTEMPTS_AT_ITEM = "no_attempts_at_item"
    FILE_TOO_LARGE = "file_too_large"
    FILES_TOO_MANY = "files_too_many"
    NO_COMMENTS = "no_comments"
    COMMENT_LATE = "comment_late"
    NO_REVIEW = "no_review"
    NO_SOLUTION = "no_solution"
    STILL_OPEN = "still_open"
    NOT_VALID_YET = "not_valid_yet"
    MIN_TIME = "min_time"
    STALE = "stale"
    STALE_BLANK = "stale_blank"
    LEASE_LOST = "lease_lost"
    ELSEWHERE = "elsewhere"
    TAKEOVER_ASKS = "takeover_asks"
    TAKEOVER_DENIED = "takeover_denied"
    NO_TAKEOVER = "no_takeover"
    NO_LEASE = "no_lease"
    DRAFT_SETTLED = "draft_settled"
    MALFORMED = "malformed"
    NOT_OFFERED = "not_offered"
    STRAY_FIELDS = "stray_fields"
    TOO_LARGE = "too_large"
    REASON_REQUIRED = "reason_required"
    NOTHING_TO_ADMIT = "nothing_to_admit"
    SECOND_PERSON = "second_person"
    NOT_PROPOSED = "not_proposed"
    ALREADY_ADMITTED_ANSWER = "already_admitted_answer"
    ALREADY_REFUSED_ANSWER = "already_refused_answer"
    EXPORT_UNREADABLE = "export_unreadable"
    EXPORT_FOREIGN = "export_foreign"
    NO_OFFLINE = "no_offline"
    SIGNED_OUT = "signed_out"
    OTHER_CANDIDATE = "other_candidate"
    FORM_EXPIRED = "form_expired"
    NOT_RUNNING = "not_running"
    NOT_FINISHED = "not_finished"
    NOTHING_TO_EXTEND = "nothing_to_extend"
    NOTHING_TO_WAIVE = "nothing_to_waive"
    NOT_YOUR_SITTING = "not_your_sitting"
    ALREADY_ADMITTED = "already_admitted"
    NO_ADMISSION = "no_admission"
    CHIEF_ONLY = "chief_only"
    CHANGED_MEANWHILE = "changed_meanwhile"
    ALREADY_CREDITED = "already_credited"
    SAID_JUST_NOW = "said_just_now"
    NO_CALL = "no_call"
    TRY_AGAIN = "try_again"
    RESULT_WITHHELD = "result_withheld"
    NOT_SCORED = "not_scored"
    NOT_RELEASED = "not_released"
    CODE_UNKNOWN = "code_unknown"
    TOO_MANY_TRIES = "too_many_tries"
    LINK_EXPIRED = "link_expired"
    LINK_USED = "link_used"
    ALREADY_ERASED = "already_erased"
    WRONG_BROWSER = "wrong_browser"
    SESSION_OPEN = "session_open"
    SCORING_FIRST = "scoring_first"
    RECEIPT_UNREADABLE = "receipt_unreadable"
    RECEIPT_UNKNOWN = "receipt_unknown"


SENTENCES: Final[dict[Reason, str]] = {
    Reason.NOT_OPEN_YET: _("This sitting opens at %(opens_at)s. You can start it then."),
    Reason.WINDOW_CLOSED: _("This sitting closed at %(closes_at)s and can no longer be started."),
    Reason.NO_ATTEMPTS_LEFT: _("You have used all your attempts at this sitting."),
    Reason.NOT_ADMITTED: _("Your proctor has not admitted you yet. This page waits with you."),
    Reason.NEEDS_JAVASCRIPT: _(
        "This sitting is supervised through JavaScript, which is switched off in this browser. "
        "Switch it on and load the page again, or ask your proctor."
    ),
    Reason.NEEDS_SEB: _(
        "This sitting runs in Safe Exam Browser with the sitting's own configuration, and this "
        "browser did not prove to be it. Everything you saved is safe. Open the test in Safe Exam "
        "Browser, or ask your proctor."
    ),
    Reason.WRONG_NETWORK: _(
        "This sitting can only be taken in certain networks, and %(address)s is not in them. "
        "Everything you saved is safe. Use the network of the room, or ask your proctor."
    ),
    Reason.OTHER_DEVICE: _(
        "Your test was started on another device (%(device)s) and stays there. "
        "Everything you saved is safe. Go on there, or ask your proctor."
    ),
    Reason.ROOM_CODE: _(
        "This is not the code of your room. Your proctor can tell it to you again."
    ),
    Reason.NOT_STARTED: _("This session has not started yet. Start it from its start page."),
    Reason.PAUSED: _("Your session is paused. Your saved answers are safe and the clock stands."),
    Reason.CLOSED: _("Your session has ended. Everything that was saved counts."),
    Reason.TERMINATED: _("Your session was ended by a proctor. Your saved answers are kept."),
    Reason.OUT_OF_TIME: _(
        "The time was up at %(deadline)s. What was saved by then counts; "
        "this later answer is kept aside for the staff to see."
    ),
    Reason.SECTION_OUT_OF_TIME: _(
        "The time for this section was up at %(deadline)s. What was saved by then counts; "
        "this later answer is kept aside for the staff to see."
    ),
    Reason.RESUME_NOT_PERMITTED: _(
        "Your proctor has to allow you to go on. They can see that you are waiting."
    ),
    Reason.NOT_PAUSED: _("The session is not paused."),
    Reason.ALREADY_PAUSED: _("The session is already paused."),
    Reason.LEAVING_NOT_ALLOWED: _(
        "This sitting cannot be left and continued later. The clock runs on."
    ),
    Reason.NO_SUCH_ITEM: _("There is no such item in your test."),
    Reason.ITEM_CLOSED: _(
        "This item is closed and cannot be changed any more. Its saved answer counts."
    ),
    Reason.ITEM_NOT_REACHED: _("You have not reached this item yet. Please go on in order."),
    Reason.PART_ENDED: _("You have finished this part of the test and cannot return to it."),
    Reason.PART_ENDS: _(
        "You cannot come back to this part once you go on. Confirm that you want to go on."
    ),
    Reason.UNANSWERED_REQUIRED: _("%(count)s items that must be answered are still unanswered."),
    Reason.UNANSWERED: _("%(count)s items are still unanswered. Confirm that you want to submit."),
    Reason.NO_SKIPPING: _("This item must be answered before you go on."),
    Reason.NOT_VALID: _("This answer does not fit what the item asks for: %(problem)s"),
    Reason.NO_ATTEMPTS_AT_ITEM: _("You have no attempts left at this item."),
    Reason.FILE_TOO_LARGE: _(
        "This file is too large to hand in (at most %(limit)s). "
        "Make it smaller and choose it again."
    ),
    Reason.FILES_TOO_MANY: _(
        "You have handed in as many files as this test takes (%(limit)s in all). Tell your proctor."
    ),
    Reason.NO_COMMENTS: _("This item does not take comments."),
    Reason.COMMENT_LATE: _(
        "This comment came too late to go with your answers. It is kept beside them, with the time "
        "at which it came, and those who run the test can read it."
    ),
    Reason.NO_REVIEW: _("This item cannot be looked at again. Its saved answer counts."),
    Reason.NO_SOLUTION: _("The solution of this item is not shown."),
    Reason.STILL_OPEN: _("This item is still open: its solution can be shown when it is closed."),
    Reason.NOT_VALID_YET: _(
        "Answers that do not fit what is asked for: item %(items)s. Look at them again."
    ),
    Reason.MIN_TIME: _("You can go on from here in %(seconds)s seconds."),
    Reason.STALE: _(
        "A newer answer to this item is already saved. "
        "This older one is kept aside; nothing is lost. Load the page again to see the newer one."
    ),
    Reason.STALE_BLANK: _(
        "This page had no answer for an item that you answered before. "
        "The saved answer stays. Load the page again to see it."
    ),
    Reason.LEASE_LOST: _(
        "Your test was opened in another window or device, which now does the saving. "
        "This answer is kept aside; go on there, or take over here."
    ),
    Reason.ELSEWHERE: _(
        "Your test is open elsewhere (%(device)s). Only one page can answer at a time; "
        "everything that was saved is safe."
    ),
    Reason.TAKEOVER_ASKS: _(
        "Your proctor decides whether you may go on here. They have been asked, and this page "
        "goes on by itself."
    ),
    Reason.TAKEOVER_DENIED: _(
        "This sitting stays on the page where it was opened (%(device)s). Go on there. "
        "If that page is gone, ask for help: your proctor can let you go on here."
    ),
    Reason.NO_TAKEOVER: _("Nobody asks to go on at another device."),
    Reason.NO_LEASE: _("The test is not open on any page that could be replaced."),
    Reason.DRAFT_SETTLED: _("You have decided about this answer already."),
    Reason.MALFORMED: _(
        "This answer could not be read and was not saved. Load the page again and answer once more."
    ),
    Reason.NOT_OFFERED: _(
        "This answer holds something that the item does not offer. It is kept aside. "
        "Load the page again and answer once more."
    ),
    Reason.STRAY_FIELDS: _(
        "This page sent fields that the item does not have. They do not count and are kept aside "
        "for the staff to see; the rest of your answer is saved."
    ),
    Reason.TOO_LARGE: _(
        "This answer is too long to be saved (at most %(limit)s characters). Please shorten it."
    ),
    Reason.REASON_REQUIRED: _("Please give a reason: it is recorded and shown to the candidate."),
    Reason.NOTHING_TO_ADMIT: _(
        "This holds no answer to what the item asks, so there is nothing to admit: "
        "it is kept to be read."
    ),
    Reason.SECOND_PERSON: _(
        "Somebody else has to agree: an answer from quarantine is admitted by two people."
    ),
    Reason.NOT_PROPOSED: _("Nobody has proposed to admit this answer yet."),
    Reason.ALREADY_ADMITTED_ANSWER: _("This answer was admitted already."),
    Reason.ALREADY_REFUSED_ANSWER: _("This answer was left out already."),
    Reason.EXPORT_UNREADABLE: _(
        "This file cannot be opened here: it is damaged, incomplete, or was sealed for another "
        "installation. Nothing was changed."
    ),
    Reason.EXPORT_FOREIGN: _(
        "This file belongs to a session that does not exist here, or to another candidate of it. "
        "Nothing was changed."
    ),
    Reason.NO_OFFLINE: _("This part is not kept ready for when the network is down."),
    Reason.SIGNED_OUT: _(
        "You are not signed in any more. Your answers are safe; enter your access code to go on."
    ),
    Reason.OTHER_CANDIDATE: _(
        "This code belongs to somebody else. This test goes on with the code it was begun with."
    ),
    Reason.FORM_EXPIRED: _(
        "This page is older than your sign-in. Nothing is lost; it tries again by itself."
    ),
    Reason.NOT_RUNNING: _("The session is not running."),
    Reason.NOT_FINISHED: _("The session has not ended."),
    Reason.NOTHING_TO_EXTEND: _("This session has no time limit that could be extended."),
    Reason.NOTHING_TO_WAIVE: _("This sitting has no rule that could be waived."),
    Reason.NOT_YOUR_SITTING: _("You are not a proctor of this sitting."),
    Reason.ALREADY_ADMITTED: _("The candidate is already admitted."),
    Reason.NO_ADMISSION: _(
        "Nobody has to be admitted to this sitting; the candidate can start alone."
    ),
    Reason.CHIEF_ONLY: _("Only a chief proctor can reopen a session."),
    Reason.CHANGED_MEANWHILE: _(
        "Somebody gave or took time since you looked. "
        "Nothing was changed; look at the new time and decide again."
    ),
    Reason.ALREADY_CREDITED: _("The time of this outage was given already."),
    Reason.SAID_JUST_NOW: _("The same message was sent less than a minute ago."),
    Reason.NO_CALL: _("Nobody waits for an answer here."),
    Reason.TRY_AGAIN: _("The database was too busy. Nothing was changed; please try again."),
    Reason.RESULT_WITHHELD: _(
        "The result is withheld. Your answers are kept; the staff of your test can tell you more."
    ),
    Reason.NOT_SCORED: _("Your answers are saved and are being scored. Look again in a moment."),
    Reason.NOT_RELEASED: _("The results of this sitting have not been released yet."),
    Reason.CODE_UNKNOWN: _(
        "We do not know this access code. Check each character, or ask your proctor for a new one."
    ),
    Reason.TOO_MANY_TRIES: _(
        "Too many access codes were wrong. "
        "Wait until %(at)s and try again, or ask your proctor to help."
    ),
    Reason.LINK_EXPIRED: _(
        "This link has expired. Ask for a new one, or sign in with your access code."
    ),
    Reason.LINK_USED: _(
        "This link was used already. Sign in with your access code, or ask for a new link."
    ),
    Reason.WRONG_BROWSER: _(
        "This sitting needs one of these browsers, in this version or a later one: %(browsers)s. "
        "Everything you saved is safe. Open this address in one of them, or ask your proctor."
    ),
    Reason.ALREADY_ERASED: _("This candidate was erased already."),
    Reason.SESSION_OPEN: _(
        "This candidate is in the middle of a test. End the session first, then erase."
    ),
    Reason.SCORING_FIRST: _(
        "The answers of this candidate are still being scored. Erase when that is done: it takes "
        "seconds."
    ),
    Reason.RECEIPT_UNREADABLE: _(
        "This file is not a receipt. Choose the file that was downloaded from a receipt page."
    ),
    Reason.RECEIPT_UNKNOWN: _(
        "No session here has this receipt code. Check each letter: a receipt has 16 of them."
    ),
}


@dataclass(slots=True)
class Refusal(Exception):  # noqa: N818  (a refusal is an answer, not an error)
    """A no with its reason; `facts` fill the sentence's placeholders and are already words."""

    reason: Reason
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """Return the English sentence with its facts filled in."""
        return SENTENCES[self.reason] % self.facts

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True, slots=True)
class Permission:
    """The answer of every `may_...`: true when granted, else it carries the refusal."""

    refusal: Refusal | None = None

    def __bool__(self) -> bool:
        return self.refusal is None

    def demand(self) -> None:
        """Raise the refusal, if there is one."""
        if self.refusal is not None:
            raise self.refusal


GRANTED: Final = Permission()


def refuse(reason: Reason, **facts: str) -> Permission:
    """Return a refused permission."""
    return Permission(Refusal(reason, facts))
