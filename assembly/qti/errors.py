"""What the engine refuses, each with a human sentence, a machine word and where possible a line."""

from dataclasses import dataclass


class QtiError(Exception):
    """The message is a full sentence for a person; `reason` is a stable word for programs."""

    def __init__(self, message: str, *, reason: str = "invalid", line: int | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.line = line

    def __str__(self) -> str:
        message = super().__str__()
        return message if self.line is None else f"Line {self.line}: {message}"


class ReadingError(QtiError):
    """The document is refused."""


class UnsupportedError(QtiError):
    """Well-formed QTI that this engine does not carry."""

    def __init__(
        self, message: str, *, reason: str = "unsupported", line: int | None = None
    ) -> None:
        super().__init__(message, reason=reason, line=line)


class ResponseError(QtiError):
    """A raw response that does not fit its declaration."""


class ProcessingError(QtiError):
    """A rule or expression that cannot be evaluated as written."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Something in a document that was read over because the engine cannot carry it."""

    reason: str
    message: str
    line: int | None = None
