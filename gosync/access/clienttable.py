"""Table of a log's clients: requests, bytes, kinds by day and User-Agents. Pure.

Lines come by blocks, as columns. What a block adds to a client is one number: the
bytes in its lowest bits, and above them a count for each kind of request. So a line
costs one addition, made by the standard library's code in C. ``DayCounts`` has the
numbers of one day, ``ClientTable`` the records that they are added to.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from operator import add
from typing import Final

from gosync.access.agents import AgentKind, AgentKinds
from gosync.access.asked import KINDS
from gosync.access.bounded import KEPT, Distinct, cut_off
from gosync.access.records import COUNT_BITS, ClientDay, ClientRecord

# A line says at most 18 digits of bytes: 2 ** 36 such lines are no more than this.
_SIZE_BITS: Final = 96
_SIZES: Final = (1 << _SIZE_BITS) - 1
_UNITS: Final = [1 << _SIZE_BITS + COUNT_BITS * at for at in range(len(KINDS))]
_AGENT_PLACES: Final = {kind: at for at, kind in enumerate(AgentKind)}


class DayCounts:
    """What clients asked for on one day, or a part of it.

    Attributes:
        day: The day's number since 1970, in UTC.
        numbers: What each client asked for, as one number; see the module.
        agents: The clients that sent User-Agents of each kind.
    """

    __slots__ = ("agents", "day", "numbers")

    def __init__(self, day: int) -> None:
        self.day = day
        self.numbers: defaultdict[bytes, int] = defaultdict(int)
        self.agents: defaultdict[AgentKind, set[bytes]] = defaultdict(set)

    def count(
        self, clients: Sequence[bytes], places: Sequence[int], sizes: Sequence[bytes]
    ) -> None:
        """Count the lines of a block.

        Args:
            clients: Each one's client.
            places: Its kind's place in KINDS.
            sizes: The bytes that were sent, b"-" for none.
        """
        numbers = self.numbers
        added = map(add, map(_UNITS.__getitem__, places), _sizes(sizes))
        sums = map(add, map(numbers.__getitem__, clients), added)
        deque(map(numbers.__setitem__, clients, sums), maxlen=0)

    def note_agents(
        self, clients: Sequence[bytes], agents: Sequence[bytes], kinds: AgentKinds
    ) -> None:
        """Note the User-Agents of a block's lines."""
        if agents.count(agents[0]) == len(agents):
            self.agents[kinds[agents[0]]].update(clients)
            return
        for client, agent in set(zip(clients, agents, strict=True)):
            self.agents[kinds[agent]].add(client)


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
        for client, number in counts.numbers.items():
            record = self.records.get(client)
            if record is None:
                record = self.records[client] = ClientRecord(counts.day)
            elif record.day != counts.day:
                over = record.turn(counts.day)
                if over is not None:
                    self._day_over(client, over)
            record.add(number >> _SIZE_BITS, number & _SIZES)
        for kind, clients in counts.agents.items():
            for client in clients:
                self.records[client].agents |= 1 << _AGENT_PLACES[kind]
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
        for kind, place in _AGENT_PLACES.items():
            theirs = [k for k, each in self.records.items() if each.agents >> place & 1]
            if theirs:
                yield kind, theirs


def _sizes(sizes: Sequence[bytes]) -> Iterator[int]:
    if b"-" in sizes:
        return (0 if size == b"-" else int(size) for size in sizes)
    return map(int, sizes)
