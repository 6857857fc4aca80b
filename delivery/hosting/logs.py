"""The log as one JSON object a line, and no line with what a candidate wrote."""

import json
import logging
from datetime import UTC, datetime


def without_rows(text: str) -> str:
    """Leave out PostgreSQL's DETAIL lines: they quote the row that did not fit, answers and all."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("DETAIL:"))


class Line(logging.Formatter):
    """One readable line an entry."""

    def format(self, record: logging.LogRecord) -> str:
        return without_rows(super().format(record))


class Json(logging.Formatter):
    """One JSON object an entry: when, how grave, who says so and what, with any traceback."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": without_rows(record.getMessage()),
            "process": record.process,
            "thread": record.threadName,
        }
        if record.exc_info:
            told["traceback"] = without_rows(self.formatException(record.exc_info))
        return json.dumps(told)
