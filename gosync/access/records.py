"""Records of clients, modules and users: what is counted of each. Pure."""

from __future__ import annotations

from collections import deque
from typing import Final

import msgspec

DAY_SECONDS: Final = 86_400
AGENT_BIT: Final = 1 << 32
COUNT_BITS: Final = 32
_ONE_COUNT: Final = (1 << COUNT_BITS) - 1
_DAYS: Final = 4
_AGENTS: Final = -AGENT_BIT


class ClientDay(msgspec.Struct, frozen=True):
    """What a client asked for on one day.

    Attributes:
        day: The day's number since 1970, in UTC.
        mask: The kinds of its requests, a bit at each one's place in KINDS.
        counts: How many there were of the kinds that are counted, COUNT_BITS of the
            number for each, at its kind's place: it takes a third of a table's memory.
    """

    day: int
    mask: int
    counts: int

    def count_of(self, at: int) -> int:
        """Return how many there were of the kind at a place."""
        return self.counts >> COUNT_BITS * at & _ONE_COUNT


class ClientSums:
    """What a client asked for in lines of one day; attributes as ClientRecord's."""

    __slots__ = ("count", "counts", "mask", "size_bytes")

    def __init__(self) -> None:
        self.count = 0
        self.size_bytes = 0
        self.mask = 0
        self.counts = 0


class ClientRecord:
    """What is counted of an address.

    Attributes:
        count: Its requests.
        size_bytes: How much it was sent.
        day: The day that ``mask`` and ``counts`` are of.
        mask: As a ClientDay's; from AGENT_BIT on the kinds of its User-Agents, which
            are not of one day.
        counts: As a ClientDay's.
    """

    __slots__ = ("_past", "count", "counts", "day", "mask", "size_bytes")

    def __init__(self, day: int) -> None:
        self.count = 0
        self.size_bytes = 0
        self.day = day
        self.mask = 0
        self.counts = 0
        self._past: deque[ClientDay] | None = None

    def add(self, asked: ClientSums) -> None:
        """Count what was asked on the record's day."""
        self.count += asked.count
        self.size_bytes += asked.size_bytes
        self.mask |= asked.mask
        self.counts += asked.counts

    def turn(self, day: int) -> ClientDay | None:
        """Count for another day; return the oldest one, if there is no room for it.

        Logs of several servers may be read in turn, so that a day comes again.
        """
        past = self._past = self._past or deque()
        past.append(ClientDay(self.day, self.mask, self.counts))
        again = next((each for each in past if each.day == day), None)
        self.day, self.mask, self.counts = day, self.mask & _AGENTS, 0
        if again is not None:
            past.remove(again)
            self.mask |= again.mask
            self.counts = again.counts
        return past.popleft() if len(past) >= _DAYS else None

    def days(self) -> list[ClientDay]:
        """Return what is known of each day."""
        today = ClientDay(self.day, self.mask, self.counts)
        return [*(self._past or ()), today]


class ModuleRecord(msgspec.Struct):
    """What is counted of a module.

    Attributes:
        count: Requests for it.
        first: When it was asked for first, in seconds since 1970.
    """

    count: int = 0
    first: int = 0


class UserRecord(msgspec.Struct):
    """What is counted of a user.

    Attributes:
        count: Its requests.
    """

    count: int = 0
