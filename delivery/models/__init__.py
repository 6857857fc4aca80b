"""The rows of delivery, by the names that everybody uses."""

from delivery.models.response import (
    AnswerFile,
    CandidateComment,
    ItemSession,
    Quarantine,
    ResponseRevision,
)
from delivery.models.service import Heartbeat, Outage
from delivery.models.session import (
    ENDED_STATES,
    OPEN_STATES,
    AssessmentSession,
    Message,
    State,
    TimeAdjustment,
)
from delivery.models.signin import SignInFailure
from delivery.models.sitting import Candidate, Enrolment, LaunchLink, Sitting

__all__ = [
    "ENDED_STATES",
    "OPEN_STATES",
    "AnswerFile",
    "AssessmentSession",
    "Candidate",
    "CandidateComment",
    "Enrolment",
    "Heartbeat",
    "ItemSession",
    "LaunchLink",
    "Message",
    "Outage",
    "Quarantine",
    "ResponseRevision",
    "SignInFailure",
    "Sitting",
    "State",
    "TimeAdjustment",
]
