"""Counts of a log's lines, made block by block and column by column. Pure.

A look into a table and an addition for each column cost half of what they cost line by
line in Python. Which lines somebody wants to see is told here, too; nobody is shown
them here, so that parts of a log can be counted in other processes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from operator import add
from typing import Final

import msgspec

from gosync.access.agents import AgentKind, AgentKinds
from gosync.access.asked import KINDS, PathHead, PathTail, head_of, tail_of
from gosync.access.bounded import KEPT
from gosync.access.clienttable import DayCounts
from gosync.access.records import DAY_SECONDS, ModuleRecord
from gosync.access.rows import AskedRequest, LogLine
from gosync.access.times import ParsedTimes
from gosync.access.watch import See, Watch
from gosync.errors import MalformedError

_OK: Final = b"200"
NOBODY: Final = frozenset({b"", b"-"})
_NO_AGENTS: Final[frozenset[bytes]] = frozenset()
_HALVES: Final = 2 * KEPT

# What a path's first half tells and what its second one does is one number each, whose
# sum, the line's code, tells the kind: the first half's where it has one.
_TAIL_BITS: Final = 5
_TAILS: Final = (1 << _TAIL_BITS) - 1
_WATCHED: Final = 1 << 2 * _TAIL_BITS
_PLACES: Final = [
    (code % _WATCHED) >> _TAIL_BITS or code & _TAILS for code in range(2 * _WATCHED)
]
# Small and few, so that they lie together and stay in a processor's cache.
_HEAD_CODES: Final = [code << _TAIL_BITS for code in range(2 << _TAIL_BITS)]


class LogCounts(msgspec.Struct):
    """What was counted of some lines.

    Attributes:
        unread: Lines whose time was none.
        first: The time of the oldest line, None for no lines.
        last: Of the newest.
        modules: What was counted of each module.
        ends: How many lines there are of each kind's place, status and cache.
        users: How many of each user.
        days: What clients asked for, day by day, in the order of the lines.
    """

    unread: int = 0
    first: int | None = None
    last: int | None = None
    modules: dict[str, ModuleRecord] = msgspec.field(default_factory=dict)
    ends: Counter[tuple[int, bytes, bytes]] = msgspec.field(default_factory=Counter)
    users: Counter[bytes] = msgspec.field(default_factory=Counter)
    days: list[DayCounts] = msgspec.field(default_factory=list)


class _Heads(dict[bytes, int]):
    """First halves of paths, as numbers; ``known`` has what each tells."""

    def __init__(self, prefix: str, is_watched: Callable[[str], bool]) -> None:
        super().__init__()
        self.known: dict[bytes, PathHead] = {}
        self.counts: Counter[bytes] = Counter()
        self.newest_first = 0
        self._prefix = prefix
        self._is_watched = is_watched

    def __missing__(self, half: bytes) -> int:
        head = self.known[half] = head_of(half, self._prefix)
        is_watched = bool(head.module) and self._is_watched(head.module)
        code = _HEAD_CODES[head.at | (1 << _TAIL_BITS if is_watched else 0)]
        self[half] = code
        return code

    def note_first(self, halves: Sequence[bytes], times: Iterable[int]) -> None:
        """Note when each was asked for first."""
        for half, time in zip(halves, times, strict=True):
            head = self.known[half]
            if head.first is None or time < head.first:
                head.first = time
                self.newest_first = max(self.newest_first, time)

    def take_modules(self) -> dict[str, ModuleRecord]:
        """Return what was counted by module; the halves are counted anew."""
        found: dict[str, ModuleRecord] = {}
        for half, count in self.counts.items():
            head = self.known[half]
            if head.module:
                first = head.first or 0
                known = found.get(head.module)
                if known is None:
                    known = found[head.module] = ModuleRecord(first=first)
                known.count += count
                known.first = min(known.first, first)
        self.counts.clear()
        if len(self) > _HALVES:
            self.clear()
            self.known.clear()
        return found


class _Tails(dict[bytes, int]):
    """Second halves of paths, as numbers; ``known`` has what each tells."""

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[bytes, PathTail] = {}

    def __missing__(self, half: bytes) -> int:
        if len(self) > _HALVES:
            self.clear()
            self.known.clear()
        tail = self.known[half] = tail_of(half)
        self[half] = tail.at
        return tail.at


class LineCounter:
    """Counts lines, and tells which of them somebody wants to see."""

    def __init__(self, watches: Sequence[Watch] = (), prefix: str = "") -> None:
        """Begin.

        Args:
            watches: Who wants to see which requests.
            prefix: What the tree is served below, like "/goproxy"; "" for the root.
        """
        self._watches = watches
        self._sees = tuple(each.see for each in watches)
        self._code_sees = [self._sees_of(code) for code in range(2 * _WATCHED)]
        self._watches_agents = any(each.unknown_agents for each in watches)
        self._times = ParsedTimes()
        self._agents = AgentKinds()
        self._heads = _Heads(prefix, self._is_watched)
        self._tails = _Tails()
        self._counts = LogCounts()

    def _is_watched(self, module: str) -> bool:
        return any(
            each.modules is not None and each.modules(module) for each in self._watches
        )

    def _sees_of(self, code: int) -> tuple[See, ...]:
        """Return who wants to see what was plainly served."""
        if code & _WATCHED:
            return self._sees
        at = _PLACES[code]
        kind = KINDS[at] if at < len(KINDS) else ""
        return tuple(each.see for each in self._watches if kind in each.kinds)

    @property
    def is_full(self) -> bool:
        """Whether what was counted should be taken: a day is over, or it is much."""
        days = self._counts.days
        return (
            len(days) > 1
            or len(self._heads) > _HALVES
            or (bool(days) and len(days[0].numbers) > 2 * KEPT)
        )

    def take(self) -> LogCounts:
        """Return what was counted since it was taken last."""
        counts, self._counts = self._counts, LogCounts()
        counts.modules = self._heads.take_modules()
        return counts

    def count(self, lines: Sequence[LogLine]) -> list[LogLine]:
        """Count a block of lines; return those that somebody wants to see."""
        days = {time: self._day(time) for time in {line[2] for line in lines}}
        if len(set(days.values())) == 1 and None not in days.values():
            return self._count(lines, days[lines[0][2]] or 0)
        shown: list[LogLine] = []
        for day, some in groupby(lines, key=lambda line: days[line[2]]):
            if day is None:
                self._counts.unread += len(list(some))
            else:
                shown += self._count(list(some), day)
        return shown

    def _day(self, time: bytes) -> int | None:
        """Return the day of a time, None where it is none."""
        try:
            now = self._times[time]
        except MalformedError:
            return None
        counts = self._counts
        if counts.first is None or now < counts.first:
            counts.first = now
        if counts.last is None or now > counts.last:
            counts.last = now
        return now // DAY_SECONDS

    def _count(self, lines: Sequence[LogLine], day: int) -> list[LogLine]:
        """Count lines of one day."""
        clients, users, times, _, heads, tails, statuses, sizes, agents, caches = zip(
            *lines, strict=True
        )
        before = len(self._heads)
        codes = self._codes(heads, tails)
        self._heads.counts.update(heads)
        moments = [self._times[time] for time in dict.fromkeys(times)]
        if len(self._heads) != before or min(moments) < self._heads.newest_first:
            self._heads.note_first(heads, map(self._times.__getitem__, times))
        places = list(map(_PLACES.__getitem__, codes))
        self._counts.ends.update(zip(places, statuses, caches, strict=True))
        if not NOBODY.issuperset(users):
            self._counts.users.update(user for user in users if user not in NOBODY)
        counts = self._day_counts(day)
        counts.count(clients, places, sizes)
        counts.note_agents(clients, agents, self._agents)
        return self._shown(lines, codes, statuses, agents)

    def _codes(self, heads: Sequence[bytes], tails: Sequence[bytes]) -> list[int]:
        first, second = self._heads.__getitem__, self._tails.__getitem__
        return list(map(add, map(first, heads), map(second, tails)))

    def _day_counts(self, day: int) -> DayCounts:
        days = self._counts.days
        if not days or days[-1].day != day:
            days.append(DayCounts(day))
        return days[-1]

    def _shown(
        self,
        lines: Sequence[LogLine],
        codes: Sequence[int],
        statuses: Sequence[bytes],
        agents: Sequence[bytes],
    ) -> list[LogLine]:
        sees = self._code_sees
        if not self._sees:
            return []
        odd = self._odd_agents(agents)
        if odd:
            each = zip(lines, codes, statuses, agents, strict=True)
            return [
                line
                for line, code, status, agent in each
                if status != _OK or sees[code] or agent in odd
            ]
        return [
            line
            for line, code, status in zip(lines, codes, statuses, strict=True)
            if status != _OK or sees[code]
        ]

    def _odd_agents(self, agents: Iterable[bytes]) -> frozenset[bytes]:
        if not self._watches_agents:
            return _NO_AGENTS
        kinds, unknown = self._agents, AgentKind.UNKNOWN
        return frozenset(each for each in set(agents) if kinds[each] is unknown)

    def show(self, lines: Iterable[LogLine]) -> None:
        """Show lines to those who want to see them."""
        for line in lines:
            client, user, time, method, head, tail, status, size, agent, cache = line
            code = self._heads[head] + self._tails[tail]
            request = AskedRequest(
                self._times[time],
                client,
                b"" if user in NOBODY else user,
                method,
                head + tail,
                KINDS[_PLACES[code]],
                self._heads.known[head].module,
                self._tails.known[tail].version,
                int(status),
                0 if size == b"-" else int(size),
                b"" if agent in NOBODY else agent,
                cache,
            )
            for see in self._sees_line(status, code, agent):
                see(request)

    def _sees_line(self, status: bytes, code: int, agent: bytes) -> tuple[See, ...]:
        if status != _OK or (
            self._watches_agents and self._agents[agent] is AgentKind.UNKNOWN
        ):
            return self._sees
        return self._code_sees[code]
