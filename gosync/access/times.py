"""Times as web servers log them, in seconds since 1970. Pure.

    27/Nov/2026:08:20:01 +0000       nginx, Apache: with its offset from UTC
    27/Nov/2026:08:20:01.123         HAProxy: without one; it is taken for UTC
    2026-11-27T08:20:01.123Z         RFC 3339
    1795767601.123                   seconds

Many lines share a second, so each text is read once: ``ParsedTimes`` remembers.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from gosync.errors import MalformedTimeError

_REMEMBERED: Final = 2_000
_LATEST: Final = 253_402_300_799  # of the year 9999
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1
    )
}


class ParsedTimes(dict[bytes, int]):
    """Times by their texts; a text that is none raises MalformedTimeError."""

    def __missing__(self, text: bytes) -> int:
        """Read a text that was not seen lately."""
        if len(self) >= _REMEMBERED:
            self.clear()
        seconds = self[text] = parse_log_time(text)
        return seconds


def parse_log_time(text: bytes) -> int:
    """Return the seconds since 1970 of a log's time.

    Raises:
        MalformedTimeError: it is none that we know.
    """
    try:
        if text[2:3] == b"/":
            return _parse_common(text)
        if text[4:5] == b"-":
            moment = datetime.fromisoformat(text.decode("ascii"))
            return int(
                (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
            )
        seconds = int(float(text))
    except (ValueError, KeyError, OverflowError, IndexError) as exc:
        raise MalformedTimeError(text[:40].decode("ascii", "replace")) from exc
    if not 0 <= seconds <= _LATEST:
        raise MalformedTimeError(text[:40].decode("ascii", "replace"))
    return seconds


def _parse_common(text: bytes) -> int:
    day, month, year = int(text[:2]), _MONTHS[text[3:6]], int(text[7:11])
    hour, minute, second = int(text[12:14]), int(text[15:17]), int(text[18:20])
    moment = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    return int(moment.timestamp()) - _offset(text[20:].lstrip())


def _offset(text: bytes) -> int:
    """Return the seconds that an offset like ``+0130`` is east of UTC."""
    if len(text) != len("+0000") or text[:1] not in {b"+", b"-"}:
        return 0  # HAProxy's milliseconds, or nothing
    seconds = int(text[1:3]) * 3600 + int(text[3:5]) * 60
    return -seconds if text[:1] == b"-" else seconds
