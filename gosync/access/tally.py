"""Tally of access logs: what was asked, by whom, with which outcome. Pure.

Each line costs three looks into tables (its client, and both halves of its path) and
some additions to what is found there; only lines that are not plainly served, or that
somebody watches for, become an ``AskedRequest``.

Memory is bounded. Of clients and modules each, up to 2 x KEPT are known exactly; where
there are more, ``gosync.access.bounded`` says what is known, and ``*_error`` by how
much a count may be too low.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec

from gosync.access.agents import AgentKind, agent_kind
from gosync.access.asked import KINDS, PathHead, PathTail, head_of, tail_of
from gosync.access.bounded import KEPT, Distinct, cut_off
from gosync.access.records import (
    AGENT_BIT,
    COUNT_BITS,
    DAY_SECONDS,
    ClientDay,
    ClientRecord,
    ModuleRecord,
    UserRecord,
)
from gosync.access.rows import AskedRequest, LogLine, outcome_of
from gosync.access.times import ParsedTimes
from gosync.errors import MalformedError

_OK: Final = b"200"
_NOBODY: Final = frozenset({b"", b"-"})
_HALVES: Final = 2 * KEPT
_AGENTS: Final = 5_000
_AGENT_BITS: Final = {kind: AGENT_BIT << at for at, kind in enumerate(AgentKind)}


class Watch(msgspec.Struct, frozen=True):
    """Who wants to see which requests; those that were not plainly served always come.

    Attributes:
        see: Called with each of them.
        kinds: All requests of these kinds.
        modules: All for a module that this says yes to.
        unknown_agents: All of clients that are no go and no mirror.
        counted: Kinds whose requests are counted for ``day_over``.
        day_over: Called with a client and what it asked for on a day, once for each.
    """

    see: Callable[[AskedRequest], None]
    kinds: frozenset[str] = frozenset()
    modules: Callable[[str], bool] | None = None
    unknown_agents: bool = False
    counted: frozenset[str] = frozenset()
    day_over: Callable[[bytes, ClientDay], None] | None = None


class AccessTally:
    """What is counted of logs.

    Attributes:
        unread: Lines whose time was none.
        first: The time of the oldest line, None before any.
        last: Of the newest.
        clients: By address.
        users: By name.
        clients_error: By how much a client's count may be too low.
        modules_error: The same of a module's.
    """

    def __init__(self, watches: Iterable[Watch] = (), prefix: str = "") -> None:
        """Begin.

        Args:
            watches: Who wants to see which requests.
            prefix: What the tree is served below, like "/goproxy"; "" for the root.
        """
        self.unread = 0
        self.first: int | None = None
        self.last: int | None = None
        self.clients: dict[bytes, ClientRecord] = {}
        self.users: dict[bytes, UserRecord] = {}
        self.clients_error = 0
        self.modules_error = 0
        self._watches = tuple(watches)
        self._sees = tuple(each.see for each in self._watches)
        self._kind_sees = [
            tuple(each.see for each in self._watches if kind in each.kinds)
            for kind in KINDS
        ]
        counted: frozenset[str] = frozenset().union(*(w.counted for w in self._watches))
        self._units = [
            1 << COUNT_BITS * at if kind in counted else 0
            for at, kind in enumerate(KINDS)
        ]
        self._watches_agents = any(each.unknown_agents for each in self._watches)
        self._prefix = prefix
        self._times = ParsedTimes()
        self._heads: dict[bytes, PathHead] = {}
        self._tails: dict[bytes, PathTail] = {}
        self._agents: dict[bytes, AgentKind] = {}
        self._odd: Counter[tuple[int, bytes, bytes]] = Counter()
        self._kinds = [0] * len(KINDS)
        self._modules: dict[str, ModuleRecord] = {}
        self._many_clients: Distinct[bytes] | None = None
        self._many_modules: Distinct[str] | None = None

    def see(  # noqa: C901, PLR0912, PLR0915 - inlined: a call a line costs a tenth
        self, lines: Iterable[LogLine]
    ) -> None:
        """Count lines."""
        clients, heads, tails = self.clients, self._heads, self._tails
        times, odd, kinds, units = self._times, self._odd, self._kinds, self._units
        sees, kind_sees = self._sees, self._kind_sees
        time_text = agent_text = b"\0"
        now = day = bit = 0
        is_odd_agent = False
        for line in lines:
            client, user, time, _, head, tail, status, size, agent, cache = line
            if time != time_text:
                try:
                    now = times[time]
                except MalformedError:
                    self.unread += 1
                    continue
                time_text, day = time, now // DAY_SECONDS
                self._note_time(now)
            if agent != agent_text:
                agent_text = agent
                bit, is_odd_agent = self._agent(agent)
            try:
                h = heads[head]
            except KeyError:
                h = self._new_head(head, now)
            try:
                t = tails[tail]
            except KeyError:
                t = self._new_tail(tail)
            try:
                c = clients[client]
            except KeyError:
                c = self._new_client(client, day)
            h.count += 1
            c.count += 1
            if size != b"-":
                c.size_bytes += int(size)
            if c.day != day:
                self._turn(client, c, day)
            at = h.at or t.at
            kinds[at] += 1
            if units[at]:
                c.counts += units[at]
            bits = bit | 1 << at
            if c.mask & bits != bits:
                c.mask |= bits
            if user != b"-" and user:
                self._user(user)
            if status != _OK or cache:
                odd[at, status, cache] += 1
            if status != _OK or h.is_watched or is_odd_agent:
                _show(sees, line, now, KINDS[at], h.module, t.version)
            elif kind_sees[at]:
                _show(kind_sees[at], line, now, KINDS[at], h.module, t.version)
        self._bound()

    def _note_time(self, now: int) -> None:
        if self.first is None or now < self.first:
            self.first = now
        if self.last is None or now > self.last:
            self.last = now

    def _agent(self, agent: bytes) -> tuple[int, bool]:
        kind = self._agents.get(agent)
        if kind is None:
            if len(self._agents) >= _AGENTS:
                self._agents.clear()
            kind = self._agents[agent] = agent_kind(agent)
        is_odd = self._watches_agents and kind is AgentKind.UNKNOWN
        return _AGENT_BITS[kind], is_odd

    def _new_head(self, half: bytes, now: int) -> PathHead:
        if len(self._heads) >= _HALVES:
            self._fold_modules()
        head = self._heads[half] = head_of(half, self._prefix)
        head.first = now
        head.is_watched = bool(head.module) and any(
            each.modules is not None and each.modules(head.module)
            for each in self._watches
        )
        return head

    def _new_tail(self, half: bytes) -> PathTail:
        if len(self._tails) >= _HALVES:
            self._tails.clear()
        tail = self._tails[half] = tail_of(half)
        return tail

    def _new_client(self, client: bytes, day: int) -> ClientRecord:
        record = self.clients[client] = ClientRecord(day)
        return record

    def _turn(self, client: bytes, record: ClientRecord, day: int) -> None:
        over = record.turn(day)
        if over is not None:
            self._day_over(client, over)

    def _day_over(self, client: bytes, counts: ClientDay) -> None:
        for watch in self._watches:
            if watch.day_over is not None:
                watch.day_over(client, counts)

    def _user(self, user: bytes) -> None:
        known = self.users.get(user)
        if known is None:
            known = self.users[user] = UserRecord()
        known.count += 1

    def _bound(self) -> None:
        if len(self.clients) > 2 * KEPT:
            before = dict(self.clients)
            self._many_clients = self._many_clients or Distinct()
            self._many_clients.update(before)
            self.clients_error += cut_off(self.clients)
            for client in before.keys() - self.clients.keys():
                for counts in before[client].days():
                    self._day_over(client, counts)
        if len(self.users) > 2 * KEPT:
            cut_off(self.users)

    def _fold_modules(self) -> None:
        """Add up what came for the halves of paths, by module, and forget these."""
        for head in self._heads.values():
            if not head.module or not head.count:
                continue
            known = self._modules.get(head.module)
            if known is None:
                known = self._modules[head.module] = ModuleRecord(first=head.first)
            known.count += head.count
            known.first = min(known.first, head.first)
        self._heads.clear()
        if len(self._modules) > 2 * KEPT:
            self._many_modules = self._many_modules or Distinct()
            self._many_modules.update(self._modules)
            self.modules_error += cut_off(self._modules)

    def modules(self) -> dict[str, ModuleRecord]:
        """Return what was counted of modules."""
        self._fold_modules()
        return self._modules

    def end(self) -> None:
        """All logs were read: no day goes on."""
        for client, record in self.clients.items():
            for counts in record.days():
                self._day_over(client, counts)

    @property
    def client_count(self) -> int:
        """How many addresses there were; about how many where ``clients_error``."""
        return _many(self.clients, self._many_clients)

    @property
    def module_count(self) -> int:
        """How many modules there were; about how many where ``modules_error``."""
        return _many(self.modules(), self._many_modules)

    def outcomes(self) -> dict[str, dict[str, int]]:
        """Return how many requests of each kind ended how."""
        left = list(self._kinds)
        found: dict[str, Counter[str]] = {}
        for (at, status, cache), count in self._odd.items():
            left[at] -= count
            end = outcome_of(int(status), cache)
            found.setdefault(KINDS[at], Counter())[end] += count
        for at, count in enumerate(left):
            if count:
                found.setdefault(KINDS[at], Counter())["hit"] += count
        return {kind: dict(sorted(found[kind].items())) for kind in sorted(found)}

    def agents(self) -> Iterator[tuple[AgentKind, list[bytes]]]:
        """Yield each kind of User-Agents, and the addresses that sent one."""
        for kind, bit in _AGENT_BITS.items():
            theirs = [key for key, each in self.clients.items() if each.mask & bit]
            if theirs:
                yield kind, theirs


def _show(
    sees: tuple[Callable[[AskedRequest], None], ...],
    line: LogLine,
    now: int,
    kind: str,
    module: str,
    version: str,
) -> None:
    """Make a request of a line, for those who are to see it."""
    client, user, _, method, head, tail, status, size, agent, cache = line
    request = AskedRequest(
        now,
        client,
        b"" if user in _NOBODY else user,
        method,
        head + tail,
        kind,
        module,
        version,
        int(status),
        0 if size == b"-" else int(size),
        b"" if agent in _NOBODY else agent,
        cache,
    )
    for see in sees:
        see(request)


def _many(
    table: dict[bytes, ClientRecord] | dict[str, ModuleRecord],
    many: Distinct[bytes] | Distinct[str] | None,
) -> int:
    return len(table) if many is None else max(many.count, len(table))
