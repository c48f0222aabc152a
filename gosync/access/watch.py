"""Watches: who wants to see which requests of a log, one by one. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from gosync.access.records import ClientDay
from gosync.access.rows import AskedRequest

See: TypeAlias = Callable[[AskedRequest], None]


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

    see: See
    kinds: frozenset[str] = frozenset()
    modules: Callable[[str], bool] | None = None
    unknown_agents: bool = False
    counted: frozenset[str] = frozenset()
    day_over: Callable[[bytes, ClientDay], None] | None = None
