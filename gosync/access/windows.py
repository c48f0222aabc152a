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

from bisect import insort
from typing import Final

import msgspec

from gosync.access.rule import AccessRule

KEPT: Final = 16_384
_MOST_DISTINCT: Final = 1_000


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


class _Key(msgspec.Struct):
    """What is known of a key: its last requests, or the alert that is going on."""

    times: list[tuple[int, str]]
    alert: Alert | None = None
    modules: set[str] | None = None

    @property
    def newest(self) -> int:
        return (
            self.alert.until if self.alert else self.times[-1][0] if self.times else 0
        )


class Bursts:
    """Finds keys with too many requests within a window.

    Attributes:
        rule: The rule.
        forgotten: How many active keys were forgotten for want of memory.
    """

    def __init__(self, rule: AccessRule) -> None:
        self.rule = rule
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
            known = self._keys[key] = _Key([])
        if known.alert is not None:
            if self._goes_on(known, known.alert, time, module, path):
                return None
            known.alert, known.modules = None, None
        return self._count(key, known, time, module, path)

    def _goes_on(
        self, known: _Key, alert: Alert, time: int, module: str, path: bytes
    ) -> bool:
        if time >= alert.since + self.rule.window_seconds:
            return False
        if known.modules is None:
            alert.count += 1
        elif len(known.modules) < _MOST_DISTINCT:
            known.modules.add(module)
            alert.count = len(known.modules)
        alert.until, alert.last = max(alert.until, time), path
        return True

    def _count(
        self, key: bytes, known: _Key, time: int, module: str, path: bytes
    ) -> Alert | None:
        times, rule = known.times, self.rule
        if rule.distinct:
            times[:] = [each for each in times if each[1] != module]
        insort(times, (time, module if rule.distinct else ""))
        over = times[-1][0] - rule.window_seconds
        while times[0][0] <= over:
            del times[0]
        if len(times) <= rule.count:
            return None
        alert = Alert(rule.name, key, len(times), times[0][0], times[-1][0], path)
        known.alert = alert
        if rule.distinct:
            known.modules = {name for _, name in times}
        times.clear()
        return alert

    def _forget(self, now: int) -> None:
        """Forget who was quiet for a window, and of the others the quietest."""
        over = now - self.rule.window_seconds
        active = {key: each for key, each in self._keys.items() if each.newest > over}
        if len(active) > KEPT:
            loud = sorted(active.items(), key=lambda each: _loudness(each[1]))
            self.forgotten += len(active) - KEPT
            active = dict(loud[-KEPT:])
        self._keys = active


def _loudness(known: _Key) -> int:
    return known.alert.count if known.alert else len(known.times)
