"""Records of clients, modules and users: what is counted of each. Pure."""

from __future__ import annotations

from collections import deque
from typing import Final

import msgspec

DAY_SECONDS: Final = 86_400
COUNT_BITS: Final = 32
_ONE_COUNT: Final = (1 << COUNT_BITS) - 1
_DAYS: Final = 4


class ClientDay(msgspec.Struct, frozen=True):
    """What a client asked for on one day.

    Attributes:
        day: The day's number since 1970, in UTC.
        counts: How many requests of each kind there were, COUNT_BITS of the number for
            each, at its place in KINDS: it takes a third of a table's memory.
    """

    day: int
    counts: int

    def count_of(self, at: int) -> int:
        """Return how many there were of the kind at a place."""
        return self.counts >> COUNT_BITS * at & _ONE_COUNT


class ClientRecord:
    """What is counted of an address.

    Attributes:
        count: Its requests.
        size_bytes: How much it was sent.
        agents: The kinds of its User-Agents, a bit at each one's place in AgentKind.
        day: The day that ``counts`` is of.
        counts: As a ClientDay's.
    """

    __slots__ = ("_past", "agents", "count", "counts", "day", "size_bytes")

    def __init__(self, day: int) -> None:
        self.count = 0
        self.size_bytes = 0
        self.agents = 0
        self.day = day
        self.counts = 0
        self._past: deque[ClientDay] | None = None

    def add(self, counts: int, size_bytes: int) -> None:
        """Count requests of the record's day.

        Args:
            counts: How many of each kind, as a ClientDay's.
            size_bytes: How much it was sent for them.
        """
        # A number's digits to the base b have the same sum as it, modulo b - 1.
        self.count += counts % _ONE_COUNT
        self.counts += counts
        self.size_bytes += size_bytes

    def turn(self, day: int) -> ClientDay | None:
        """Count for another day; return the oldest one, if there is no room for it.

        Logs of several servers may be read in turn, so that a day comes again.
        """
        past = self._past = self._past or deque()
        past.append(ClientDay(self.day, self.counts))
        again = next((each for each in past if each.day == day), None)
        self.day, self.counts = day, 0
        if again is not None:
            past.remove(again)
            self.counts = again.counts
        return past.popleft() if len(past) >= _DAYS else None

    def days(self) -> list[ClientDay]:
        """Return what is known of each day."""
        today = ClientDay(self.day, self.counts)
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
