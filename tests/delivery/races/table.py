"""Two acts that meet, and the outcome that is right in either order."""

from __future__ import annotations

from delivery.session import sessions
from tests.delivery.races import acts
from tests.delivery.races.acts import Outcome, Race, Sweep
from tests.factories import after

RUNS = "in_progress"
RACES = [
    Race(
        "time up during submit: in the grace a submission counts, after an ending it changes none",
        acts.submit_at(3604),
        Sweep(3606),
        Outcome("completed", 3600, "", "session.completed", ("completed", "swept")),
        Outcome("expired", 3600, "", "session.expired", ("expired", "swept")),
    ),
    Race(
        "time up during a submit that came too late: expired at the deadline, whoever asks",
        acts.submit_at(3606),
        Sweep(3606),
        Outcome("expired", 3600, "", "session.expired", ("expired", "swept")),
    ),
    Race(
        "time up during a save received in the grace: the answer counts",
        acts.save_at(3604),
        Sweep(3606),
        Outcome("expired", 3600, "Q1=A", "response.saved session.expired", ("saved", "swept")),
        Outcome("expired", 3600, "Q1=A", "session.expired response.saved", ("saved", "swept")),
    ),
    Race(
        "time up during a save received too late: kept aside",
        acts.save_at(3606),
        Sweep(3607),
        Outcome(
            "expired",
            3600,
            "",
            "response.quarantined session.expired",
            ("out_of_time", "swept"),
            "Q1=A out_of_time",
        ),
        Outcome(
            "expired",
            3600,
            "",
            "session.expired response.quarantined",
            ("out_of_time", "swept"),
            "Q1=A out_of_time",
        ),
    ),
    Race(
        "pause during save: what was received before it counts",
        acts.save_at(63),
        acts.pause_at(64),
        Outcome("paused", None, "Q1=A", "response.saved session.paused", ("saved", "paused")),
        Outcome("paused", None, "Q1=A", "session.paused response.saved", ("saved", "paused")),
    ),
    Race(
        "pause during a save that was on its way: five seconds are let through",
        acts.save_at(68),
        acts.pause_at(64),
        Outcome("paused", None, "Q1=A", "response.saved session.paused", ("saved", "paused")),
        Outcome("paused", None, "Q1=A", "session.paused response.saved", ("saved", "paused")),
    ),
    Race(
        "pause during submit: the first of the two is done, the other is told",
        acts.submit_at(64),
        acts.pause_at(64),
        Outcome("completed", 64, "", "session.completed", ("completed", "not_running")),
        Outcome("paused", None, "", "session.paused", ("paused!", "paused")),
    ),
    Race(
        "two pauses: one clock stands once",
        acts.pause_at(64),
        acts.pause_at(64),
        Outcome("paused", None, "", "session.paused", ("paused", "already_paused")),
        Outcome("paused", None, "", "session.paused", ("already_paused", "paused")),
    ),
    Race(
        "extension at 0:00 and the sweep: given before the end it counts, after it it is refused",
        acts.extend_at(3603),
        Sweep(3606),
        Outcome(RUNS, 4200, "", "time.extended", (RUNS, "swept")),
        Outcome("expired", 3600, "", "session.expired", ("not_running", "swept")),
    ),
    Race(
        "extension at 0:00 and the page that asks whether it is over: it is not",
        acts.extend_at(3602),
        lambda scene: sessions.close_due(scene.session.pk, after(3602)),
        Outcome(RUNS, 4200, "", "time.extended", (RUNS, RUNS)),
    ),
    Race(
        "extension at 0:00 and a save behind it: the time that was given first decides",
        acts.extend_at(3603),
        acts.save_at(3606),
        Outcome(RUNS, 4200, "Q1=A", "time.extended response.saved", (RUNS, "saved")),
        Outcome(
            RUNS,
            4200,
            "",
            "response.quarantined time.extended",
            (RUNS, "out_of_time"),
            "Q1=A out_of_time",
        ),
    ),
    Race(
        "pause at 0:00 and the sweep: what is out of time is not held up",
        acts.pause_at(3602),
        Sweep(3606),
        Outcome("expired", 3600, "", "session.expired", ("out_of_time", "swept")),
        Outcome("expired", 3600, "", "session.expired", ("not_running", "swept")),
    ),
    Race(
        "extension during submit: a submitted test has no use for time",
        acts.extend_at(64),
        acts.submit_at(64),
        Outcome("completed", 64, "", "time.extended session.completed", (RUNS, "completed")),
        Outcome("completed", 64, "", "session.completed", ("not_running", "completed")),
    ),
    Race(
        "the same extension by two forms: the time is given once",
        acts.extend_seen,
        acts.extend_seen,
        Outcome(RUNS, 4200, "", "time.extended", ("done", "changed_meanwhile")),
        Outcome(RUNS, 4200, "", "time.extended", ("changed_meanwhile", "done")),
    ),
    Race(
        "the same outage credited by two proctors: the time is given once",
        acts.credit,
        acts.credit,
        Outcome(RUNS, 3660, "", "time.extended", ("done", "already_credited")),
        Outcome(RUNS, 3660, "", "time.extended", ("already_credited", "done")),
        given=acts.outage,
    ),
    Race(
        "takeover during submit: the test is submitted, and nobody takes over what has ended",
        acts.take_over_at(64, "tablet"),
        acts.submit_at(64),
        Outcome("completed", 64, "", "lease.claimed session.completed", (RUNS, "completed")),
        Outcome("completed", 64, "", "session.completed", ("not_running", "completed")),
    ),
    Race(
        "takeover during save: what came before it is saved, what came behind it is kept aside",
        acts.held_save_at(63),
        acts.take_over_at(64, "tablet"),
        Outcome(RUNS, 3600, "Q1=A", "lease.claimed response.saved lease.claimed", ("saved", RUNS)),
        Outcome(
            RUNS,
            3600,
            "",
            "lease.claimed lease.claimed response.quarantined",
            ("lease_lost", RUNS),
            "Q1=A lease_lost",
        ),
        given=acts.held,
    ),
    Race(
        "takeover during terminate: ended, whoever was first",
        acts.take_over_at(64, "tablet"),
        acts.terminate_at(64),
        Outcome("terminated", 64, "", "lease.claimed session.terminated", (RUNS, "terminated")),
        Outcome("terminated", 64, "", "session.terminated", ("not_running", "terminated")),
    ),
    Race(
        "two takeovers: both are served in turn, the later one holds the lease",
        acts.take_over_at(64, "tablet"),
        acts.take_over_at(64, "laptop"),
        Outcome(RUNS, 3600, "", "lease.claimed lease.claimed", (RUNS, RUNS)),
    ),
    Race(
        "terminate during save: what was received before it is kept",
        acts.save_at(63),
        acts.terminate_at(64),
        Outcome(
            "terminated", 64, "Q1=A", "response.saved session.terminated", ("saved", "terminated")
        ),
        Outcome(
            "terminated", 64, "Q1=A", "session.terminated response.saved", ("saved", "terminated")
        ),
    ),
    Race(
        "submit during save: what was received before it counts",
        acts.save_at(63),
        acts.submit_at(64),
        Outcome(
            "completed", 64, "Q1=A", "response.saved session.completed", ("saved", "completed")
        ),
        Outcome(
            "completed", 64, "Q1=A", "session.completed response.saved", ("saved", "completed")
        ),
    ),
    Race(
        "terminate during submit: the test ends once, by whoever was first",
        acts.terminate_at(64),
        acts.submit_at(64),
        Outcome("terminated", 64, "", "session.terminated", ("terminated", "terminated")),
        Outcome("completed", 64, "", "session.completed", ("not_running", "completed")),
    ),
    Race(
        "terminate during time up: the test ends once",
        acts.terminate_at(3606),
        Sweep(3606),
        Outcome("terminated", 3606, "", "session.terminated", ("terminated", "swept")),
        Outcome("expired", 3600, "", "session.expired", ("not_running", "swept")),
    ),
    Race(
        "double submit: submitted once, and both are told so",
        acts.submit_at(64),
        acts.submit_at(65),
        Outcome("completed", 64, "", "session.completed", ("completed", "completed")),
        Outcome("completed", 65, "", "session.completed", ("completed", "completed")),
    ),
    Race(
        "two starts: one session, which both get",
        acts.start_at(1),
        acts.start_at(2),
        Outcome(RUNS, 3600, "", "", (RUNS, RUNS)),
    ),
    Race(
        "start and sweep: a test that runs is not begun anew",
        acts.start_at(3606),
        Sweep(3606),
        Outcome("expired", 3600, "", "session.expired", (RUNS, "swept")),
        Outcome("expired", 3600, "", "session.expired", ("no_attempts_left", "swept")),
    ),
    Race(
        "resume and expiry: a window that does not wait ends the test at its close either way",
        acts.resume_at(3590),
        Sweep(3606),
        Outcome(
            "expired", 3600, "", "session.paused session.resumed session.expired", (RUNS, "swept")
        ),
        Outcome("expired", 3600, "", "session.paused session.expired", ("not_paused", "swept")),
        given=acts.paused,
        sitting=(("leaving", True), ("closes_at", after(3600))),
    ),
    Race(
        "two resumes: the clock runs once from the first",
        acts.resume_at(70),
        acts.resume_at(70),
        Outcome(RUNS, 3606, "", "session.paused session.resumed", (RUNS, RUNS)),
        given=acts.paused,
        sitting=(("leaving", True),),
    ),
    Race(
        "resume and terminate: ended, whoever was first",
        acts.resume_at(70),
        acts.terminate_at(70),
        Outcome(
            "terminated",
            70,
            "",
            "session.paused session.resumed session.terminated",
            (RUNS, "terminated"),
        ),
        Outcome(
            "terminated", 70, "", "session.paused session.terminated", ("not_paused", "terminated")
        ),
        given=acts.paused,
        sitting=(("leaving", True),),
    ),
    Race(
        "the same save twice: one revision, one acknowledgement",
        acts.same_save,
        acts.same_save,
        Outcome(RUNS, 3600, "Q1=A", "response.saved", ("saved", "saved")),
    ),
    Race(
        "two items saved at once: both are there",
        acts.save_at(60, "Q1", "A"),
        acts.save_at(60, "Q2", "B"),
        Outcome(RUNS, 3600, "Q1=A Q2=B", "response.saved response.saved", ("saved", "saved")),
    ),
    Race(
        "moving on during save: a free part takes the answer wherever the candidate is",
        acts.save_at(60),
        acts.go_to("Q2", 60),
        Outcome(RUNS, 3600, "Q1=A", "response.saved item.entered", ("saved", RUNS)),
        Outcome(RUNS, 3600, "Q1=A", "item.entered response.saved", ("saved", RUNS)),
    ),
    Race(
        "silence and a save: a page that was heard has its clock run on",
        acts.save_at(89),
        acts.silenced,
        Outcome(RUNS, 3600, "Q1=A", "response.saved", ("saved", "0 paused")),
        Outcome("paused", None, "Q1=A", "session.paused response.saved", ("saved", "1 paused")),
        given=acts.silent_page,
        sitting=(("silence_seconds", 60),),
    ),
    Race(
        "two sweeps of silence: the clock stands once and counts once",
        acts.silenced,
        acts.silenced,
        Outcome("paused", None, "", "session.paused", ("1 paused", "0 paused")),
        Outcome("paused", None, "", "session.paused", ("0 paused", "1 paused")),
        given=acts.silent_page,
        sitting=(("silence_seconds", 60),),
    ),
    Race(
        "score and reopen: what is open again has no result",
        acts.score_at(70),
        acts.reopen_at(71),
        Outcome(
            "paused",
            None,
            "Q1=A",
            "response.saved session.completed item.attempted session.scored session.reopened",
            ("scored", "paused"),
        ),
        Outcome(
            "paused",
            None,
            "Q1=A",
            "response.saved session.completed session.reopened",
            ("scored", "paused"),
        ),
        given=acts.answered_and_submitted,
    ),
    Race(
        "admission and scoring: the answer is in, and waits to be scored or is",
        acts.admit_answer,
        acts.score_at(95),
        Outcome(
            "completed",
            64,
            "Q1=A",
            "session.completed response.quarantined quarantine.proposed quarantine.admitted "
            "item.attempted session.scored",
            ("admitted", "scored"),
            "Q1=A closed admitted",
        ),
        Outcome(
            "completed",
            64,
            "Q1=A",
            "session.completed response.quarantined quarantine.proposed "
            "item.attempted session.scored quarantine.admitted",
            ("admitted", "scored"),
            "Q1=A closed admitted",
        ),
        given=acts.late_answer,
    ),
]
