"""Durations as people write them: ``30m``, ``12h``, ``7d``, ``90s``."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from gosync.errors import MalformedError

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_LONGEST_SECONDS: Final = 3650 * 86_400
_DURATION: Final = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)([smhdw])", re.ASCII)


def parse_duration(text: str) -> timedelta:
    """Return how long a text means.

    Raises:
        MalformedError: if it is no number with a unit of time, or above ten years.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise MalformedError("time", text, 'write a number and a unit, like "30m"')
    seconds = float(match[1]) * _SECONDS[match[2]]
    if seconds > _LONGEST_SECONDS:
        raise MalformedError("time", text, "longer than ten years")
    return timedelta(seconds=seconds)
