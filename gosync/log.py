"""How log lines look; called once by the command line.

Lines go to standard error: results alone belong on standard output.
"""

from __future__ import annotations

import json
import logging
import sys

from gosync.clock import SystemClock, format_time


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        fields = {
            "time": format_time(SystemClock().now()),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return json.dumps(fields, ensure_ascii=False)


def configure(*, level: int, json_lines: bool) -> None:
    """Send gosync's log to standard error, as text or as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    text = logging.Formatter("%(levelname)s %(name)s: %(message)s")
    handler.setFormatter(JsonFormatter() if json_lines else text)
    logger = logging.getLogger("gosync")
    logger.handlers[:] = [handler]
    logger.setLevel(level)
    logger.propagate = False
