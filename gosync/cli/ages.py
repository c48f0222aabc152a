"""Ages: how long ago something was, for people."""

from __future__ import annotations

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def format_age(seconds: float) -> str:
    """Return a span of time in its largest whole unit: 3 d, 5 h, 12 min, 40 s."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"
