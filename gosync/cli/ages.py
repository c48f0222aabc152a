"""Ages: how long ago something was, for people; documents have the time itself."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from gosync.clock import SystemClock, parse_time
from gosync.errors import MalformedTimeError

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))
_FAR_SECONDS: Final = 90 * 86_400  # what is farther away has a date


def format_age(seconds: float) -> str:
    """Return a span of time in its largest whole unit: 3 d, 5 h, 12 min, 40 s."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def ago(time: str, now: datetime | None = None) -> str:
    """Return when something was or will be: "5 h ago", "in 12 min", or a far date.

    Args:
        time: RFC 3339, as documents have it; another text is returned as it is.
        now: What it is held against; the system's clock if None.
    """
    try:
        then = parse_time(time)
    except MalformedTimeError:
        return time
    seconds = ((now or SystemClock().now()) - then).total_seconds()
    if abs(seconds) > _FAR_SECONDS:
        return f"{then:%Y-%m-%d}"
    if seconds > -1:
        return f"{format_age(max(seconds, 0))} ago"
    return f"in {format_age(-seconds)}"
