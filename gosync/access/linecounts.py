"""Counts of a log's lines, and which of them somebody wants to see. Pure.

A line costs looks into three tables (its client, and both halves of its path) and some
additions to what is found there. Nobody is shown lines here, so that parts of a log can
be counted in another process.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from gosync.access.agents import AgentKind, AgentKinds
from gosync.access.asked import KINDS, PathHead, PathTail, head_of, tail_of
from gosync.access.bounded import KEPT
from gosync.access.clienttable import AGENT_BITS, DayCounts
from gosync.access.records import (
    COUNT_BITS,
    DAY_SECONDS,
    ClientSums,
    ModuleRecord,
)
from gosync.access.rows import AskedRequest, LogLine
from gosync.access.times import ParsedTimes
from gosync.access.watch import Watch
from gosync.errors import MalformedError

_OK: Final = b"200"
_NOBODY: Final = frozenset({b"", b"-"})
_HALVES: Final = 2 * KEPT


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


class _Heads(dict[bytes, PathHead]):
    """What first halves of paths tell, and how often they came.

    Attributes:
        newest_first: When the last one came that came first.
    """

    def __init__(self, prefix: str, is_watched: Callable[[str], bool]) -> None:
        super().__init__()
        self.newest_first = 0
        self._prefix = prefix
        self._is_watched = is_watched

    def __missing__(self, half: bytes) -> PathHead:
        head = self[half] = head_of(half, self._prefix)
        head.is_watched = bool(head.module) and self._is_watched(head.module)
        return head

    def note_first(self, half: bytes, time: int) -> None:
        """Note that one was asked for."""
        head = self[half]
        if head.first is None or time < head.first:
            head.first = time
            self.newest_first = max(self.newest_first, time)

    def take_modules(self) -> dict[str, ModuleRecord]:
        """Return what was counted by module; the halves are counted anew."""
        found: dict[str, ModuleRecord] = {}
        for head in self.values():
            if head.module and head.count:
                first = head.first or 0
                known = found.get(head.module)
                if known is None:
                    known = found[head.module] = ModuleRecord(first=first)
                known.count += head.count
                known.first = min(known.first, first)
            head.count = 0
        if len(self) > _HALVES:
            self.clear()
        return found


class _Tails(dict[bytes, PathTail]):
    """What second halves of paths tell."""

    def __missing__(self, half: bytes) -> PathTail:
        if len(self) > _HALVES:
            self.clear()
        tail = self[half] = tail_of(half)
        return tail


class LineCounter:
    """Counts lines, and tells which of them somebody wants to see."""

    def __init__(self, watches: Sequence[Watch] = (), prefix: str = "") -> None:
        """Begin.

        Args:
            watches: Who wants to see which requests.
            prefix: What the tree is served below, like "/goproxy"; "" for the root.
        """
        self._sees = tuple(each.see for each in watches)
        self._kind_sees = [
            tuple(each.see for each in watches if kind in each.kinds) for kind in KINDS
        ]
        counted: frozenset[str] = frozenset().union(*(w.counted for w in watches))
        self._units = [
            1 << COUNT_BITS * at if kind in counted else 0
            for at, kind in enumerate(KINDS)
        ]
        self._modules = [each.modules for each in watches if each.modules is not None]
        self._watches_agents = any(each.unknown_agents for each in watches)
        self._times = ParsedTimes()
        self._agents = AgentKinds()
        self._heads = _Heads(prefix, self._is_watched)
        self._tails = _Tails()
        self._kinds = [0] * len(KINDS)
        self._counts = LogCounts()

    def _is_watched(self, module: str) -> bool:
        return any(says(module) for says in self._modules)

    @property
    def is_full(self) -> bool:
        """Whether what was counted should be taken: a day is over, or it is much."""
        days = self._counts.days
        many = bool(days) and len(days[0].sums) > 2 * KEPT
        return len(days) > 1 or len(self._heads) > _HALVES or many

    def take(self) -> LogCounts:
        """Return what was counted since it was taken last."""
        counts, self._counts = self._counts, LogCounts()
        counts.modules = self._heads.take_modules()
        for (at, _, _), count in counts.ends.items():
            self._kinds[at] -= count
        for at, count in enumerate(self._kinds):
            if count:
                counts.ends[at, _OK, b""] += count
        self._kinds = [0] * len(KINDS)
        return counts

    def count(  # noqa: C901, PLR0912, PLR0915 - inlined: a call a line costs a tenth
        self, lines: Sequence[LogLine]
    ) -> list[LogLine]:
        """Count a block of lines; return those that somebody wants to see."""
        heads, tails, units, kinds = self._heads, self._tails, self._units, self._kinds
        times, kind_sees, ends = self._times, self._kind_sees, self._counts.ends
        sums: dict[bytes, ClientSums] = {}
        known, time_text, agent_text = len(heads), b"\0", b"\0"
        day, bit, oldest, is_odd_agent = -1, 0, None, False
        shown: list[LogLine] = []
        for line in lines:
            client, user, time, _, head, tail, status, size, agent, cache = line
            if time != time_text:
                try:
                    now = times[time]
                except MalformedError:
                    self._counts.unread += 1
                    continue
                time_text = time
                self._note_time(now)
                oldest = now if oldest is None or now < oldest else oldest
                if now // DAY_SECONDS != day:
                    day = now // DAY_SECONDS
                    sums = self._sums_of(day)
            if agent != agent_text:
                agent_text = agent
                bit, is_odd_agent = self._agent(agent)
            h = heads[head]
            t = tails[tail]
            try:
                c = sums[client]
            except KeyError:
                c = sums[client] = ClientSums()
            h.count += 1
            c.count += 1
            if size != b"-":
                c.size_bytes += int(size)
            at = h.at or t.at
            kinds[at] += 1
            if units[at]:
                c.counts += units[at]
            bits = bit | 1 << at
            if c.mask & bits != bits:
                c.mask |= bits
            if user != b"-" and user:
                self._counts.users[user] += 1
            if status != _OK or cache:
                ends[at, status, cache] += 1
            if status != _OK or h.is_watched or is_odd_agent or kind_sees[at]:
                shown.append(line)
        if oldest is not None and (len(heads) != known or oldest < heads.newest_first):
            self._note_first(lines)
        return shown if self._sees else []

    def _note_time(self, now: int) -> None:
        counts = self._counts
        if counts.first is None or now < counts.first:
            counts.first = now
        if counts.last is None or now > counts.last:
            counts.last = now

    def _note_first(self, lines: Iterable[LogLine]) -> None:
        for line in lines:
            try:
                now = self._times[line[2]]
            except MalformedError:
                continue
            self._heads.note_first(line[4], now)

    def _sums_of(self, day: int) -> dict[bytes, ClientSums]:
        days = self._counts.days
        if not days or days[-1].day != day:
            days.append(DayCounts(day))
        return days[-1].sums

    def _agent(self, agent: bytes) -> tuple[int, bool]:
        kind = self._agents[agent]
        is_odd = self._watches_agents and kind is AgentKind.UNKNOWN
        return AGENT_BITS[kind], is_odd

    def show(self, lines: Iterable[LogLine]) -> None:
        """Show lines to those who want to see them."""
        for line in lines:
            client, user, time, method, head, tail, status, size, agent, cache = line
            h, t = self._heads[head], self._tails[tail]
            at = h.at or t.at
            request = AskedRequest(
                self._times[time],
                client,
                b"" if user in _NOBODY else user,
                method,
                head + tail,
                KINDS[at],
                h.module,
                t.version,
                int(status),
                0 if size == b"-" else int(size),
                b"" if agent in _NOBODY else agent,
                cache,
            )
            is_plain = status == _OK and not (h.is_watched or self._agent(agent)[1])
            for see in self._kind_sees[at] if is_plain else self._sees:
                see(request)
