"""Circuit of one source: its breaker at work among requests side by side.

Every try of a request goes through ``attempt``. While the breaker is open nothing is
sent: the try fails with SourceDownError, which is "don't know" and never a no, and
counts as a try, so that whoever asks waits as between any two. When the time is over
one try is the probe, and the others wait for how it ends.

Failures alone open nothing that could answer: before it opens, a closed breaker is held
against a witness, a request whose answer is known to come. It is not needed where not
even a connection could be made. A pause that is asked for (Retry-After) needs one, too:
a limit of one module's is none of the source's.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final, TypeVar

import anyio

from gosync.clock import Clock
from gosync.errors import (
    GosyncError,
    SourceDownError,
    UpstreamStatusError,
    UpstreamTimeoutError,
)
from gosync.upstream.breaker import Breaker, BreakerPolicy, BreakerState
from gosync.upstream.health import (
    Health,
    RequestOutcome,
    asked_pause_seconds,
    outcome_of,
)
from gosync.upstream.kept import KeptLag

T = TypeVar("T")

_LOOK_EVERY: Final = 8  # requests between two looks at how long they take
_NO_SUCH_QUESTION: Final = frozenset(
    {HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED}
)
_ENOUGH_ANSWERS: Final = 16
_WITNESS_SECONDS: Final = 5.0
_WITNESS_SECONDS_HURRIED: Final = 1.0  # where there is another one to ask

_log: Final = logging.getLogger(__name__)


class Circuit:
    """Lets requests to one source through, or not.

    Attributes:
        breaker: The breaker as it stands; whoever keeps it over restarts sets it.
        asked_at: When it was asked last, in monotonic seconds.
        gaps: What it was seen to lack; see ``kept``.
        lag: How far it was behind the index, None where nobody measured.
    """

    def __init__(
        self,
        name: str,
        policy: BreakerPolicy,
        clock: Clock,
        *,
        witness: Callable[[float], Awaitable[object]],
    ) -> None:
        """Begin closed.

        Args:
            name: Whom messages name.
            policy: When to open.
            clock: What time it is.
            witness: Asks what is known to be answered, for at most so many seconds;
                raises what that raises.
        """
        self.breaker = Breaker()
        self.asked_at = float("-inf")
        self.gaps: set[str] = set()
        self.lag: KeptLag | None = None
        self._latencies: tuple[float, float | None] = (0.0, None)
        self._looked_at = 0
        self._under_way = 0
        self._name = name
        self._policy = policy
        self._clock = clock
        self._witness = witness
        self._probe: anyio.Event | None = None
        self._impatient: set[anyio.CancelScope] = set()
        self._is_asking_witness = False

    @property
    def health(self) -> Health:
        """The source's last requests."""
        return self.breaker.health

    @property
    def answers_mostly(self) -> bool:
        """Whether most of the last requests were answered, and there were some."""
        health = self.health
        return health.answered >= _ENOUGH_ANSWERS and health.failure_rate() < 0.5

    @property
    def is_asked(self) -> bool:
        """Whether a request to it is under way."""
        return self._under_way > 0

    @property
    def usual_seconds(self) -> float:
        """How long its answers take, the median; 0 while nothing is known."""
        return self._look_at_latencies()[0]

    @property
    def late_seconds(self) -> float | None:
        """How long the late ones of its answers take (P95); None for few answers."""
        return self._look_at_latencies()[1]

    def _look_at_latencies(self) -> tuple[float, float | None]:
        """Return median and P95, as they were a few requests ago."""
        health = self.health
        if health.requests >= self._looked_at + _LOOK_EVERY or not self._looked_at:
            known = health.answered >= _ENOUGH_ANSWERS
            self._looked_at = health.requests
            self._latencies = (
                health.latency_seconds(0.5) or 0.0,
                health.latency_seconds(0.95) if known else None,
            )
        return self._latencies

    @property
    def state(self) -> BreakerState:
        """Whether the source is asked now."""
        return self.breaker.state(self._clock.now(), self._policy)

    @contextmanager
    def noting_gap(self, gap: str) -> Iterator[None]:
        """Note that the source does not know such a question, or does after all."""
        try:
            yield
        except UpstreamStatusError as exc:
            if exc.status in _NO_SUCH_QUESTION:
                self.gaps.add(gap)
            raise
        self.gaps.discard(gap)

    @contextmanager
    def impatient(self) -> Iterator[None]:
        """End what is done inside once the source is left alone.

        For whoever has somebody else to ask: neither in line for a lane nor for an
        answer's headers does it pay to wait for one that is down.

        Raises:
            SourceDownError: It is.
        """
        self.check()
        scope = anyio.CancelScope()
        self._impatient.add(scope)
        try:
            with scope:
                yield
        finally:
            self._impatient.discard(scope)
        if scope.cancelled_caught:
            raise self._down()

    def check(self) -> None:
        """Raise if the source is not asked now.

        Raises:
            SourceDownError: It is not.
        """
        if self.state is BreakerState.OPEN:
            raise self._down()

    async def attempt(
        self, request: Callable[[], Awaitable[T]], *, patient: bool = True
    ) -> T:
        """Send one request, if the source is to be asked, and count how it ends.

        Args:
            request: Sends it.
            patient: Whether to wait while a probe is out: not where there is
                somebody else to ask.

        Raises:
            SourceDownError: It is not asked now.
            GosyncError: What the request raised.
        """
        while self.state is BreakerState.HALF_OPEN:
            if self._probe is None:
                return await self._send_probe(request, patient=patient)
            if not patient:
                raise self._down()
            await self._probe.wait()
        self.check()
        return await self._send(request, patient=patient)

    def has_answered(self) -> None:
        """Take note of an answer's headers: nobody waits for a long body's end."""
        if self._probe is not None:
            self._close(self.breaker.vouched())
            self._probe.set()

    async def _send_probe(
        self, request: Callable[[], Awaitable[T]], *, patient: bool
    ) -> T:
        self._probe = done = anyio.Event()
        try:
            return await self._send(request, is_probe=True, patient=patient)
        finally:
            self._probe = None
            done.set()

    async def _send(
        self,
        request: Callable[[], Awaitable[T]],
        *,
        is_probe: bool = False,
        patient: bool,
    ) -> T:
        self.asked_at = started = self._clock.monotonic()
        self._under_way += 1
        try:
            answer = await request()
        except GosyncError as exc:
            seconds = self._clock.monotonic() - started
            await self.count(exc, seconds, is_probe=is_probe, patient=patient)
            raise
        finally:
            self._under_way -= 1
        self._close(self.breaker.answered(self._clock.monotonic() - started))
        return answer

    async def count(
        self,
        error: GosyncError,
        seconds: float,
        *,
        is_probe: bool = False,
        patient: bool = True,
    ) -> None:
        """Count a request that raised, and open the breaker if that is due.

        Args:
            error: What it raised.
            seconds: How long it took.
            is_probe: Whether a half-open breaker stands or falls with it.
            patient: Whether nobody else can be asked meanwhile.
        """
        outcome = outcome_of(error)
        if outcome is RequestOutcome.ANSWERED:
            self._close(self.breaker.answered(seconds))
        elif outcome is not None:
            self.breaker = self.breaker.failed(error, outcome, seconds)
            if self.breaker.until is not None:
                is_down = is_probe
            else:
                is_down = await self._is_down(error, outcome, patient=patient)
            if is_down:
                self._open(error)

    async def count_slow(self, seconds: float) -> None:
        """Count a request that was given up, since another source had answered."""
        late = UpstreamTimeoutError(f"{self._name}: no answer in {seconds:.1f} s")
        self.breaker = self.breaker.failed(late, RequestOutcome.SLOW, seconds)
        if self.breaker.until is not None:
            is_down = self.state is BreakerState.HALF_OPEN  # it was the probe
        else:
            is_down = await self._is_down(late, RequestOutcome.SLOW, patient=False)
        if is_down:
            self._open(late)

    async def _is_down(
        self, error: GosyncError, outcome: RequestOutcome, *, patient: bool
    ) -> bool:
        """Return whether a failure shows that the source gives no answers now."""
        asked_seconds = asked_pause_seconds(error, unnamed=0.0) or 0.0
        is_asked = min(asked_seconds, self._policy.max_asked_seconds) > 0
        if not (is_asked or self.breaker.is_due(self._policy)):
            return False
        if outcome is RequestOutcome.UNREACHABLE:
            return True
        if self._is_asking_witness:
            return False
        answers = await self._witness_answers(patient=patient)
        return not answers and self.breaker.until is None

    def _witness_seconds(self, *, patient: bool) -> float:
        """Return how long a witness is waited for, whom all others may outpace."""
        least = _WITNESS_SECONDS if patient else _WITNESS_SECONDS_HURRIED
        return max(least, 4 * (self.health.latency_seconds(0.95) or 0.0))

    async def _witness_answers(self, *, patient: bool) -> bool:
        """Ask the witness; failures are forgiven to a source whose witness answers."""
        self._is_asking_witness = True
        try:
            await self._witness(self._witness_seconds(patient=patient))
        except GosyncError as exc:
            said = outcome_of(exc)
        else:
            said = RequestOutcome.ANSWERED
        finally:
            self._is_asking_witness = False
        if said is RequestOutcome.ANSWERED:
            self._close(self.breaker.vouched())
        return said is RequestOutcome.ANSWERED

    def _close(self, breaker: Breaker) -> None:
        """Go on with a closed breaker."""
        if self.breaker.until is not None:
            _log.info("%s: asked again: it answers", self._name)
        self.breaker = breaker

    def _open(self, error: GosyncError) -> None:
        self.breaker = self.breaker.opened(error, self._clock.now(), self._policy)
        self._log_opening()
        for scope in self._impatient:
            scope.cancel()

    def _log_opening(self) -> None:
        health, median = self.health, self.health.latency_seconds(0.5)
        _log.info(
            "%s: not asked until %s, after %d failures in a row; answers took %s: %s",
            self._name,
            self.breaker.until,
            health.failures_in_row,
            "nobody knows how long" if median is None else f"{median:.3f} s",
            self.breaker.reason,
        )

    def _down(self) -> SourceDownError:
        breaker, left = self.breaker, 0.0
        if breaker.until is not None:
            left = max(0.0, (breaker.until - self._clock.now()).total_seconds())
        return SourceDownError(
            f"{self._name}: not asked while it is down: {breaker.reason}",
            retry_after_seconds=left if breaker.asked else None,
            closed_seconds=left,
        )
