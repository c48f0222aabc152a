"""Windows of time by key: when a key has too much within one. Pure.

Every stretch of a rule's window is looked at: a key's last requests are kept, one more
than its count, in the order of their times, so that lines may come a little out of
order (several workers, several files). What fires is an alert; it goes on counting for
as long as a window from its first request, and only then a new one can begin: one alert
a key and window.

Memory is bounded: keys that were quiet for a window are forgotten, and where there are
more than KEPT active ones, the quietest, which ``forgotten`` counts.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from typing import Final

import msgspec

from gosync.access.rule import AccessRule

KEPT: Final = 16_384
_MOST_DISTINCT: Final = 1_000
# A key has one of the two: empty ones of ten thousands of keys are megabytes.
_NO_TIMES: Final[list[int]] = []
_NO_MODULES: Final[dict[str, int]] = {}


class Alert(msgspec.Struct):
    """A rule that fired for a key.

    Attributes:
        rule: The rule's name.
        key: The address, user or module.
        count: How many requests, or modules, there were.
        since: The time of the first one, in seconds since 1970.
        until: Of the last one.
        last: The path that was asked last, b"" where it is not known.
    """

    rule: str
    key: bytes
    count: int
    since: int
    until: int
    last: bytes = b""


class _Key:
    """What is known of a key: its last requests, or the alert that is going on.

    Attributes:
        times: When they were, where each request counts.
        modules: When each module was asked for last, where each module counts once.
        alert: What fired, None for nothing yet.
    """

    __slots__ = ("alert", "modules", "times")

    def __init__(self, *, distinct: bool) -> None:
        self.times: list[int] = _NO_TIMES if distinct else []
        self.modules: dict[str, int] = {} if distinct else _NO_MODULES
        self.alert: Alert | None = None

    @property
    def newest(self) -> int:
        if self.alert is not None:
            return self.alert.until
        return max(self.modules.values(), default=self.times[-1] if self.times else 0)

    @property
    def loudness(self) -> int:
        if self.alert is not None:
            return self.alert.count
        return len(self.times) or len(self.modules)


class Bursts:
    """Finds keys with too many requests within a window.

    Attributes:
        rule: The rule.
        takes_all: Whether it takes each request of its kinds and outcomes.
        forgotten: How many active keys were forgotten for want of memory.
    """

    def __init__(self, rule: AccessRule) -> None:
        self.rule = rule
        self.takes_all = rule.takes_all
        self.forgotten = 0
        self._keys: dict[bytes, _Key] = {}

    def see(self, key: bytes, time: int, module: str, path: bytes) -> Alert | None:
        """Take a request; return the alert that it begins, if it does.

        Args:
            key: What is counted by.
            time: When, in seconds.
            module: The module, where the rule counts these.
            path: What was asked.
        """
        known = self._keys.get(key)
        if known is None:
            if len(self._keys) >= 2 * KEPT:
                self._forget(time)
            known = self._keys[key] = _Key(distinct=self.rule.distinct)
        alert = known.alert
        if alert is not None:
            if abs(time - alert.since) < self.rule.window_seconds:
                self._go_on(known, alert, time, module, path)
                return None
            known.alert = None
            known.modules.clear()
        if self.rule.distinct:
            return self._count_module(key, known, time, module, path)
        return self._count(key, known, time, path)

    def _go_on(
        self, known: _Key, alert: Alert, time: int, module: str, path: bytes
    ) -> None:
        if not self.rule.distinct:
            alert.count += 1
        elif len(known.modules) < _MOST_DISTINCT:
            known.modules[module] = time
            alert.count = len(known.modules)
        alert.until, alert.last = max(alert.until, time), path

    def _count(self, key: bytes, known: _Key, time: int, path: bytes) -> Alert | None:
        times = known.times
        if not times or time >= times[-1]:
            times.append(time)
        else:
            insort(times, time)
        over = times[-1] - self.rule.window_seconds
        if times[0] <= over:
            del times[: bisect_right(times, over)]
        if len(times) <= self.rule.count:
            return None
        found = Alert(self.rule.name, key, len(times), times[0], times[-1], path)
        known.alert = found
        times.clear()
        return found

    def _count_module(
        self, key: bytes, known: _Key, time: int, module: str, path: bytes
    ) -> Alert | None:
        modules = known.modules
        modules[module] = max(time, modules.get(module, time))
        if len(modules) <= self.rule.count:
            return None
        over = max(modules.values()) - self.rule.window_seconds
        for old in [name for name, last in modules.items() if last <= over]:
            del modules[old]
        if len(modules) <= self.rule.count:
            return None
        first, last = min(modules.values()), max(modules.values())
        known.alert = Alert(self.rule.name, key, len(modules), first, last, path)
        return known.alert

    def _forget(self, now: int) -> None:
        """Forget who was quiet for a window, and of the others the quietest."""
        over = now - self.rule.window_seconds
        active = {key: each for key, each in self._keys.items() if each.newest > over}
        if len(active) > KEPT:
            loud = sorted(active.items(), key=lambda each: each[1].loudness)
            self.forgotten += len(active) - KEPT
            active = dict(loud[-KEPT:])
        self._keys = active
