"""Tally of access logs: what was asked, by whom, with which outcome. Pure.

Memory is bounded. Of clients and modules each, up to 2 x KEPT are known exactly; where
there are more, ``gosync.access.bounded`` says what is known, and ``*_error`` by how
much a count may be too low.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from gosync.access.agents import AgentKind
from gosync.access.asked import KINDS
from gosync.access.bounded import KEPT, Distinct, cut_off
from gosync.access.clienttable import ClientTable
from gosync.access.linecounts import LineCounter, LogCounts
from gosync.access.records import ClientDay, ClientRecord, ModuleRecord, UserRecord
from gosync.access.rows import LogLine, outcome_of
from gosync.access.watch import Watch


class AccessTally:
    """What is counted of logs."""

    def __init__(self, watches: Iterable[Watch] = (), prefix: str = "") -> None:
        """Begin.

        Args:
            watches: Who wants to see which requests.
            prefix: What the tree is served below, like "/goproxy"; "" for the root.
        """
        self._watches = tuple(watches)
        self._prefix = prefix
        self._counter = self.new_counter()
        self._counts = LogCounts()
        self._clients = ClientTable(self._day_over)
        self._users: dict[bytes, UserRecord] = {}
        self._modules: dict[str, ModuleRecord] = {}
        self._modules_error = 0
        self._many_modules: Distinct[str] | None = None

    def new_counter(self) -> LineCounter:
        """Return what counts a part of the lines elsewhere, for ``add``."""
        return LineCounter(self._watches, self._prefix)

    def see(self, lines: Sequence[LogLine]) -> None:
        """Count a block of lines, and show them to those who want to see them."""
        if lines:
            self.show(self._counter.count(lines))

    def show(self, lines: Iterable[LogLine]) -> None:
        """Show lines that were counted to those who want to see them."""
        self._counter.show(lines)
        if self._counter.is_full:
            self._settle()

    def add(self, counts: LogCounts) -> None:
        """Add what was counted of lines."""
        known = self._counts
        known.unread += counts.unread
        if counts.first is not None and counts.last is not None:
            first = counts.first if known.first is None else known.first
            last = counts.last if known.last is None else known.last
            known.first, known.last = min(first, counts.first), max(last, counts.last)
        known.ends.update(counts.ends)
        for day in counts.days:
            self._clients.add(day)
        for user, count in counts.users.items():
            self._users.setdefault(user, UserRecord()).count += count
        if len(self._users) > 2 * KEPT:
            cut_off(self._users)
        self._add_modules(counts.modules)

    def _add_modules(self, modules: dict[str, ModuleRecord]) -> None:
        for module, counted in modules.items():
            known = self._modules.setdefault(module, ModuleRecord(first=counted.first))
            known.count += counted.count
            known.first = min(known.first, counted.first)
        if len(self._modules) > 2 * KEPT:
            self._many_modules = self._many_modules or Distinct()
            self._many_modules.update(self._modules)
            self._modules_error += cut_off(self._modules)

    def _day_over(self, client: bytes, counts: ClientDay) -> None:
        for watch in self._watches:
            if watch.day_over is not None:
                watch.day_over(client, counts)

    def _settle(self) -> None:
        self.add(self._counter.take())

    def end(self) -> None:
        """All logs were read: no day goes on."""
        self._settle()
        self._clients.end()

    @property
    def unread(self) -> int:
        """Lines whose time was none."""
        self._settle()
        return self._counts.unread

    @property
    def first(self) -> int | None:
        """The time of the oldest line, None before any."""
        self._settle()
        return self._counts.first

    @property
    def last(self) -> int | None:
        """The time of the newest line, None before any."""
        self._settle()
        return self._counts.last

    @property
    def clients(self) -> dict[bytes, ClientRecord]:
        """What was counted of clients, by address."""
        self._settle()
        return self._clients.records

    @property
    def clients_error(self) -> int:
        """By how much a client's count may be too low."""
        self._settle()
        return self._clients.error

    @property
    def client_count(self) -> int:
        """How many addresses there were; about how many where ``clients_error``."""
        self._settle()
        return self._clients.client_count

    @property
    def users(self) -> dict[bytes, UserRecord]:
        """What was counted of users, by name."""
        self._settle()
        return self._users

    @property
    def modules(self) -> dict[str, ModuleRecord]:
        """What was counted of modules, by path."""
        self._settle()
        return self._modules

    @property
    def modules_error(self) -> int:
        """By how much a module's count may be too low."""
        self._settle()
        return self._modules_error

    @property
    def module_count(self) -> int:
        """How many modules there were; about how many where ``modules_error``."""
        known, many = len(self.modules), self._many_modules
        return known if many is None else max(many.count, known)

    def outcomes(self) -> dict[str, dict[str, int]]:
        """Return how many requests of each kind ended how."""
        self._settle()
        found: dict[str, Counter[str]] = {}
        for (at, status, cache), count in self._counts.ends.items():
            end = outcome_of(int(status), cache)
            found.setdefault(KINDS[at], Counter())[end] += count
        return {kind: dict(sorted(found[kind].items())) for kind in sorted(found)}

    def agents(self) -> Iterator[tuple[AgentKind, list[bytes]]]:
        """Yield each kind of User-Agents, and the addresses that sent one."""
        self._settle()
        return self._clients.by_agent()
