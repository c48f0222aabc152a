"""Hanging bodies: sources that answer and whose zips then do not come.

What is small comes from them, so their breaker stays closed. Of whom two zips in a row
hung no zip is asked for a second, which doubles to a minute; then one of them shows how
it is. For whoever has another source to ask.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from gosync.clock import Clock
from gosync.errors import SourceDownError, UpstreamTimeoutError
from gosync.upstream.breaker import Breaker, BreakerPolicy, BreakerState
from gosync.upstream.health import RequestOutcome
from gosync.upstream.patience import BodyPatience

_POLICY: Final = BreakerPolicy(
    failures_in_row=2, open_seconds=1.0, max_open_seconds=60.0
)


class HangingBodies:
    """Remembers of whom zips hung."""

    def __init__(self, clock: Clock) -> None:
        """Begin with trust in everybody."""
        self._clock = clock
        self._breakers: dict[str, Breaker] = {}

    @contextmanager
    def noting(self, name: str, patience: BodyPatience) -> Iterator[None]:
        """Note how a zip of a source comes.

        Raises:
            SourceDownError: No zip is asked of it now.
        """
        before = self._breakers.get(name, Breaker())
        now = self._clock.now()
        state = before.state(now, _POLICY)
        if state is BreakerState.OPEN:
            raise SourceDownError(f"{name}: its zips hang: {before.reason}")
        if state is BreakerState.HALF_OPEN:  # this one is the probe
            probing = SourceDownError("one is asked for, to see whether it comes")
            self._breakers[name] = before.opened(probing, now, _POLICY)
        try:
            yield
        except UpstreamTimeoutError as exc:
            if patience.has_left:
                self._hung(name, exc)
            raise
        self._breakers.pop(name, None)

    def _hung(self, name: str, error: UpstreamTimeoutError) -> None:
        found = self._breakers.get(name, Breaker())
        found = found.failed(error, RequestOutcome.FAILED)
        if found.until is None and found.is_due(_POLICY):
            found = found.opened(error, self._clock.now(), _POLICY)
        self._breakers[name] = found
