"""Table of a log's clients: requests, bytes, kinds by day and User-Agents. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from gosync.access.agents import AgentKind
from gosync.access.bounded import KEPT, Distinct, cut_off
from gosync.access.records import AGENT_BIT, ClientDay, ClientRecord, ClientSums

AGENT_BITS: Final = {kind: AGENT_BIT << at for at, kind in enumerate(AgentKind)}


class DayCounts:
    """What clients asked for on one day, or in a part of it.

    Attributes:
        day: The day's number since 1970, in UTC.
        sums: What each client asked for.
    """

    __slots__ = ("day", "sums")

    def __init__(self, day: int) -> None:
        self.day = day
        self.sums: dict[bytes, ClientSums] = {}


class ClientTable:
    """Counts clients.

    Attributes:
        records: What was counted of each client that is kept.
        error: By how much a client's count may be too low.
    """

    def __init__(self, day_over: Callable[[bytes, ClientDay], None]) -> None:
        """Begin.

        Args:
            day_over: Called with a client and what it asked for on a day, once for
                each, when no more of that day is expected.
        """
        self.records: dict[bytes, ClientRecord] = {}
        self.error = 0
        self._day_over = day_over
        self._many: Distinct[bytes] | None = None

    def add(self, counts: DayCounts) -> None:
        """Add what clients asked for on a day."""
        for client, sums in counts.sums.items():
            record = self.records.get(client)
            if record is None:
                record = self.records[client] = ClientRecord(counts.day)
            elif record.day != counts.day:
                over = record.turn(counts.day)
                if over is not None:
                    self._day_over(client, over)
            record.add(sums)
        if len(self.records) > 2 * KEPT:
            self._cut_off()

    def _cut_off(self) -> None:
        before = dict(self.records)
        self._many = self._many or Distinct()
        self._many.update(before)
        self.error += cut_off(self.records)
        for client in before.keys() - self.records.keys():
            self._end(client, before[client])

    def _end(self, client: bytes, record: ClientRecord) -> None:
        for counts in record.days():
            self._day_over(client, counts)

    def end(self) -> None:
        """All lines were read: no day goes on."""
        for client, record in self.records.items():
            self._end(client, record)

    @property
    def client_count(self) -> int:
        """How many clients there were; about how many where ``error``."""
        known = len(self.records)
        return known if self._many is None else max(self._many.count, known)

    def by_agent(self) -> Iterator[tuple[AgentKind, list[bytes]]]:
        """Yield each kind of User-Agents, and the clients that sent one."""
        for kind, bit in AGENT_BITS.items():
            theirs = [key for key, each in self.records.items() if each.mask & bit]
            if theirs:
                yield kind, theirs
