"""Sources of a GOPROXY list: asked in turn, as ``go`` does.

What follows "," is asked when the one before says a definite no (404, 410); what
follows "|" after any error. Each request walks the list anew, in the order that its
``route`` has. One source that is named twice, or that carries a checksum database too,
has one health.

When nobody answers, the error to report is the most telling: one that is "don't
know" over a "not fetched", and that over a definite no. So an answer that might
have been a yes never turns into a no; only the source that was named as authoritative
says a no that is final.

Of sources that "|" divides none is asked twice in a row: whoever fails, the next one
is better than patience. When all have failed they are asked again as retries allow.

What is small may be asked twice (``hedge``): of the next source after a "|", if that
one is asked at all now, else of the same one through another connection. Where hedges
are spent, and of zips, a source that is silent is left for the next one after as long
as most answers take; once all were left so, each is waited for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from itertools import count
from typing import Final, TypeVar

import anyio

from gosync.errors import (
    GosyncError,
    NotFetchedError,
    NotFoundError,
    RejectedError,
    SourceDownError,
    UnavailableError,
    UpstreamTimeoutError,
)
from gosync.upstream.breaker import BreakerState
from gosync.upstream.budget import HEDGES, RETRIES
from gosync.upstream.goproxy import DIRECT, OFF, ProxyEntry, ProxyList
from gosync.upstream.hanging import HangingBodies
from gosync.upstream.hedge import Ask, Due, ask_hedged, hedge_delay_seconds
from gosync.upstream.http import Fetcher
from gosync.upstream.patience import BodyPatience, first_wait_seconds
from gosync.upstream.retry import retry_policy, with_retries
from gosync.upstream.route import Routing, route, shared_urls
from gosync.upstream.source import Source, make_source

T = TypeVar("T")
AskEntry = Callable[[ProxyEntry], Awaitable[T]]

_ASK_AGAIN_SECONDS: Final = 30.0
_UNKNOWN_SECONDS: Final = 1e6  # behind all that are known
_NO_ROUTING: Final = Routing()


class Sources:
    """The sources that one run asks.

    Attributes:
        proxies: The list that names them.
        routing: Who of them is asked.
        hanging: Of whom zips do not come.
    """

    def __init__(
        self, proxies: ProxyList, fetcher: Fetcher, routing: Routing = _NO_ROUTING
    ) -> None:
        """Prepare to ask.

        Args:
            proxies: Who is asked, in which order.
            fetcher: Sends the requests.
            routing: What else is configured about that.
        """
        self.proxies = proxies
        self.routing = routing
        self.hanging = HangingBodies(fetcher.clock)
        self._fetcher = fetcher
        self._known: dict[str, Source] = {}
        self._hedges = HEDGES
        self._retries = RETRIES
        self._shared = shared_urls(proxies)

    @property
    def known(self) -> tuple[Source, ...]:
        """The sources that were asked so far."""
        return tuple(self._known.values())

    def add(self, url: str, source: Source) -> None:
        """Ask a source where an entry with this URL is asked."""
        self._known[url] = source

    def at(self, url: str) -> Source:
        """Return the source at a URL: http, https or file."""
        base = url.rstrip("/")
        found = self._known.get(base)
        if found is None:
            found = self._known[base] = make_source(base, self._fetcher)
        return found

    def check_volume(self) -> None:
        """Raise where no zip may be begun.

        Raises:
            VolumeSpentError: No further zip may come this month.
        """
        self._fetcher.traffic.check()

    @property
    def has_stand_ins(self) -> bool:
        """Whether any of them is divided from another one by "|"."""
        return bool(self._shared)

    def is_one_of_many(self, entry: ProxyEntry, path: str) -> bool:
        """Whether others stand in for an entry where a module is asked about."""
        return entry.url in self._shared and not self._is_private(path)

    def patience_with(self, source: Source, *, has_other: bool) -> BodyPatience:
        """Return how long to wait for a source's bytes.

        Args:
            source: It.
            has_other: Whether any other may be asked.
        """
        others = (self.at(url) for url in self._shared)
        is_well = has_other and any(
            each is not source and each.circuit.state is not BreakerState.OPEN
            for each in others
        )
        late_seconds = source.circuit.late_seconds
        return BodyPatience(first_wait_seconds(late_seconds, has_other=is_well))

    def _is_private(self, path: str) -> bool:
        return bool(path) and self.routing.is_private(path)

    async def answer(
        self, ask: AskEntry[T], *, path: str = "", hedged: bool = False
    ) -> T:
        """Return the first answer, asking again where all of a group have failed.

        Args:
            ask: As for ``first_answer``.
            path: As for ``first_answer``.
            hedged: As for ``first_answer``.

        Raises:
            GosyncError: as from ``first_answer``.
        """
        if not self._shared or self._is_private(path):
            return await self.first_answer(ask, path=path, hedged=hedged)
        rounds = count()

        async def ask_all() -> T:
            is_again = next(rounds) > 0
            return await self.first_answer(
                ask, path=path, hedged=hedged, patient=is_again
            )

        self._retries = self._retries.asked()
        policy = retry_policy(self._fetcher.options)
        return await with_retries(ask_all, policy, wait=self._wait_for_retry)

    async def _wait_for_retry(self) -> None:
        self._retries = self._retries.spent(self._fetcher.clock.monotonic())
        await anyio.sleep(self._retries.wait_seconds())

    async def first_answer(
        self,
        ask: AskEntry[T],
        *,
        path: str = "",
        hedged: bool = False,
        patient: bool = True,
    ) -> T:
        """Return what the first entry answers that does not pass the question on.

        Args:
            ask: Asks one entry, and raises NotFoundError for a definite no.
            path: The module that is asked about, "" for none.
            hedged: Whether the question is small enough to be asked twice.
            patient: Whether to wait for each one's answer, however long it takes.

        Raises:
            GosyncError: What ``ask`` raised, of all entries the most telling.
        """
        entries = route(self.proxies, path, self.routing, slowness=self._slowness)
        hedged = hedged and not self._is_private(path)
        best: GosyncError | None = None
        failed: dict[str, GosyncError] = {}  # whom a hedge asked already
        for number, entry in enumerate(entries):
            error = failed.get(entry.url)
            if error is None:
                second = self._second(entries[number:]) if hedged else None
                try:
                    if second is None:
                        return await ask(entry)
                    if not (second is entry or patient or self._may_hedge(entry)):
                        return await self._ask_briefly(ask, entry)
                    return await self._ask_twice(ask, entry, second, failed)
                except (NotFoundError, UnavailableError, RejectedError) as exc:
                    error = exc
            best = error if best is None or _rank(error) >= _rank(best) else best
            definite_no = isinstance(error, NotFoundError)
            if self._is_final(entry, error):
                raise error
            if not (definite_no or entry.fall_back_on_error):
                break
        assert best is not None
        raise best

    def _is_final(self, entry: ProxyEntry, error: GosyncError) -> bool:
        is_named = entry.url.rstrip("/") == self.routing.authoritative
        return is_named and _rank(error) == 0

    def _second(self, entries: tuple[ProxyEntry, ...]) -> ProxyEntry | None:
        """Return whom to ask besides the first of some entries, None for nobody."""
        first, *others = entries
        if first.url in (DIRECT, OFF) or first.url.startswith("file:"):
            return None
        other = others[0] if others and first.fall_back_on_error else None
        if other is None or other.url in (DIRECT, OFF):
            return first
        is_open = self.at(other.url).circuit.state is BreakerState.OPEN
        return first if is_open else other

    async def ask_one(self, source: Source, ask: Callable[[], Awaitable[T]]) -> T:
        """Return the answer of one source, which is asked again if it takes long.

        Args:
            source: It.
            ask: Asks it for something small.

        Raises:
            GosyncError: What ``ask`` raised.
        """
        self._hedges = self._hedges.asked()
        late_seconds = source.circuit.late_seconds
        soon = hedge_delay_seconds(late_seconds, has_other=False)
        late = first_wait_seconds(late_seconds, has_other=False)
        retry = Due(late, self._fetcher.lanes_to(source.name).may_retry)
        hedge = Due(soon, self._may_hedge_now)
        again = partial(_ask_again, ask, ask, retry)  # the second may be lost, too
        return await _ask_again(ask, again, hedge, retry)

    def _may_hedge(self, entry: ProxyEntry) -> bool:
        """Whether there may be a second request; a probe is one at a time anyway."""
        is_probe = self.at(entry.url).circuit.state is BreakerState.HALF_OPEN
        return is_probe or self._hedges.has_one()

    def _may_hedge_now(self) -> bool:
        """Spend a hedge, unless those that began together have spent them meanwhile."""
        if not self._hedges.has_one():
            return False
        self._spend_hedge()
        return True

    def _spend_hedge(self) -> None:
        self._hedges = self._hedges.spent(self._fetcher.clock.monotonic())

    async def _ask_briefly(self, ask: AskEntry[T], entry: ProxyEntry) -> T:
        """Ask one entry, and give it up after as long as most answers take.

        Raises:
            UpstreamTimeoutError: It was given up.
        """
        circuit = self.at(entry.url).circuit
        seconds = first_wait_seconds(circuit.late_seconds)
        with anyio.move_on_after(seconds):
            return await ask(entry)
        await circuit.count_slow(seconds)
        raise UpstreamTimeoutError(
            f"{entry.url}: left for another proxy after {seconds:.1f} s"
        )

    async def _ask_twice(
        self,
        ask: AskEntry[T],
        entry: ProxyEntry,
        second: ProxyEntry,
        failed: dict[str, GosyncError],
    ) -> T:
        """Ask one entry and, if it takes long, another one or the same again."""
        if second is entry:
            return await self.ask_one(self.at(entry.url), partial(ask, entry))
        self._hedges = self._hedges.asked()
        circuit = self.at(entry.url).circuit
        if not self._may_hedge(entry):
            return await ask(entry)
        started = self._fetcher.clock.monotonic()
        is_probe = circuit.state is BreakerState.HALF_OPEN

        def may_send() -> bool:
            if not is_probe:  # the other one is asked in place of the first, too
                self._spend_hedge()
            return True

        seconds = hedge_delay_seconds(circuit.late_seconds, has_other=True)
        outcome = await ask_hedged(
            partial(ask, entry), partial(ask, second), due=(Due(seconds, may_send),)
        )
        if outcome.second_error is not None:
            failed[second.url] = outcome.second_error
        if outcome.answer is None:
            assert outcome.first_error is not None
            raise outcome.first_error
        if outcome.by_second and outcome.first_error is None:
            await circuit.count_slow(self._fetcher.clock.monotonic() - started)
        return outcome.answer

    def _slowness(self, url: str) -> float:
        """Return how long an entry lets one wait, as far as is known."""
        if url in (DIRECT, OFF) or url.startswith("file:"):
            return 0.0
        circuit = self.at(url).circuit
        if circuit.state is BreakerState.OPEN:
            return float("inf")
        load = self._fetcher.lanes_to(url).load
        if not circuit.health.answered:  # one request at a time shows how it is
            return load * _UNKNOWN_SECONDS if circuit.is_asked else 0.0
        idle_seconds = self._fetcher.clock.monotonic() - circuit.asked_at
        if circuit.state is BreakerState.HALF_OPEN or idle_seconds > _ASK_AGAIN_SECONDS:
            return 0.0
        return circuit.usual_seconds * load


async def _ask_again(ask: Ask[T], second: Ask[T], *due: Due) -> T:
    """Return the answer of one source that is asked again when that is due."""
    outcome = await ask_hedged(ask, second, due=due, once_sent=True)
    if outcome.answer is None:
        assert outcome.first_error is not None
        raise outcome.first_error
    return outcome.answer


def _rank(error: GosyncError) -> int:
    if isinstance(error, NotFoundError):
        return 1 if isinstance(error, NotFetchedError) else 0
    return 2 if isinstance(error, SourceDownError) else 3
