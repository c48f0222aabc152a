"""How log lines look; called once by the command line.

Lines go to standard error: results alone belong on standard output. Where that is
the journal (systemd says which file it is in JOURNAL_STREAM), each line begins with
its priority, ``<4>`` for a warning, as sd-daemon(3) has it, and the journal knows it.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Literal

from gosync.clock import SystemClock, format_time
from gosync.text import printable, shown

Form = Literal["text", "json", "journal"]
_PRIORITIES = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_DEBUG_PRIORITY = 7


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        fields = {
            "time": format_time(SystemClock().now()),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": shown(record.getMessage()),
        }
        if record.exc_info:
            fields["exception"] = shown(self.formatException(record.exc_info))
        return json.dumps(fields, ensure_ascii=False)


class TextFormatter(logging.Formatter):
    """Lines for people: what a message quotes from elsewhere cannot forge one."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's
        """Return the first line, its control characters escaped."""
        record.message = printable(record.message)
        return super().formatMessage(record)


class JournalFormatter(TextFormatter):
    """Priority, logger, message; a traceback's lines have it, too."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as lines for the journal."""
        matching = (p for level, p in _PRIORITIES if record.levelno >= level)
        mark = f"<{next(matching, _DEBUG_PRIORITY)}>"
        text = super().format(record)
        return "\n".join(f"{mark}{line}" for line in text.splitlines() or [""])


def form_of(environ: Mapping[str, str]) -> Form:
    """Return the form for people, or the journal's where standard error is that."""
    with suppress(OSError, ValueError):
        found = os.fstat(sys.stderr.fileno())
        if environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}":
            return "journal"
    return "text"


def configure(*, level: int, form: Form) -> None:
    """Send gosync's log to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(form))
    logger = logging.getLogger("gosync")
    logger.handlers[:] = [handler]
    logger.setLevel(level)
    logger.propagate = False


def _formatter(form: Form) -> logging.Formatter:
    if form == "json":
        return JsonFormatter()
    if form == "journal":
        return JournalFormatter("%(name)s: %(message)s")
    return TextFormatter("%(levelname)s %(name)s: %(message)s")


def show_infos() -> None:
    """Log what happens, too, where only warnings were asked for: a daemon's log."""
    logger = logging.getLogger("gosync")
    if logger.level == logging.WARNING:
        logger.setLevel(logging.INFO)
