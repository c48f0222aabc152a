"""Fetcher: one HTTP answer, within limits and deadlines, or one of our errors.

A call is answered by status 200, or raises; a conditional one also by 304, with no
body. Deadlines, each on its own: to connect, to the first byte, between two reads of
a body, and a total for the whole call with its retries, which a body that drips cannot
outlast. Limits: a Content-Length beyond the limit is refused unread, and bytes are
counted as they come (``download``). As many requests go to one host at once as it can
take (``lanes``).

What is retried, and when, is in :mod:`gosync.upstream.retry`.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import anyio
from msgspec.structs import replace

from gosync.clock import Clock, SystemClock
from gosync.errors import UnavailableError, UpstreamStatusError, UpstreamTimeoutError
from gosync.upstream import files
from gosync.upstream.answer import Response, Served, Sink, refusable
from gosync.upstream.breaker import BreakerState
from gosync.upstream.circuit import Circuit
from gosync.upstream.environment import ProxyEnvironment
from gosync.upstream.lanes import Lanes
from gosync.upstream.options import HttpOptions
from gosync.upstream.patience import BodyPatience
from gosync.upstream.rate import ByteRate
from gosync.upstream.retry import is_by_chance, retry_policy, with_retries
from gosync.upstream.traffic import Traffic
from gosync.upstream.urls import strip_secrets

if TYPE_CHECKING:
    from gosync.upstream.download import Download
    from gosync.upstream.exchange import Exchange

_CLOSING_SECONDS: Final = 5.0
_ZIP: Final = ".zip"


class Fetcher:
    """Asks for URLs; one instance serves any number of workers.

    Use it as ``async with Fetcher(options) as fetcher``. It opens a connection
    for each request that is in flight at once; a host's lanes bound those.

    Attributes:
        options: Time-outs, retries and the like.
        clock: For the time of evidence and HTTP dates.
        traffic: What was asked and got so far.
    """

    def __init__(
        self,
        options: HttpOptions | None = None,
        *,
        clock: Clock | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare to ask; nothing is opened or read yet.

        Args:
            options: Time-outs, retries and the like.
            clock: For the time of evidence and HTTP dates.
            environment: Where proxies and netrc are named; the process's own.

        Raises:
            ConfigError: HTTP_PROXY or HTTPS_PROXY makes no sense.
        """
        self.options = options or HttpOptions()
        self.clock = clock or SystemClock()
        self.traffic = Traffic(
            plan=self.options.rates,
            rate=ByteRate(self.options.rates.per_second),
            meter=self.options.meter,
        )
        self._environment = os.environ if environment is None else environment
        self._proxies = ProxyEnvironment.parse(self._environment)
        self._opened: Exchange | None = None
        self._lanes: dict[str, Lanes] = {}

    @property
    def _exchange(self) -> Exchange:
        """Who sends requests; httpx is loaded with the first one."""
        if self._opened is None:
            from gosync.upstream.exchange import Exchange  # noqa: PLC0415 - see above

            self._opened = Exchange(
                self.options,
                traffic=self.traffic,
                clock=self.clock,
                environment=self._environment,
                proxies=self._proxies,
            )
        return self._opened

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        if self._opened is not None:
            with anyio.CancelScope(shield=True), anyio.move_on_after(_CLOSING_SECONDS):
                await self._opened.aclose()
        if self.traffic.meter is not None:
            self.traffic.meter.settle()

    async def get(
        self,
        url: str,
        *,
        limit_bytes: int,
        total_seconds: float | None = None,
        headers: Mapping[str, str] | None = None,
        retries: int | None = None,
        circuit: Circuit | None = None,
    ) -> Response:
        """Return a document.

        Args:
            url: http, https or file; user info becomes Basic authentication.
            limit_bytes: The most that the body may have, decoded.
            total_seconds: Deadline of the call; the options' when None.
            headers: Sent along, also to where redirects lead: no secrets.
            retries: Tries after the first; the options' when None.
            circuit: Lets each try through, and counts it; None lets all.

        Raises:
            NotFoundError: 404 or 410.
            UnavailableError: No answer could be had; also its subclasses.
            TooLargeError: The body exceeds the limit.
            MalformedError: The URL is no http, https or file URL.
            ConfigError: Credentials would go over plain http.
        """
        pieces: list[bytes] = []

        def new_sink() -> Sink:
            pieces.clear()
            return pieces.append

        answer = await self.download(
            url,
            new_sink,
            limit_bytes=limit_bytes,
            total_seconds=total_seconds or self.options.total_seconds,
            headers=headers,
            retries=retries,
            circuit=circuit,
        )
        return replace(answer, body=b"".join(pieces))

    async def download(  # noqa: PLR0913 - each caller bounds another side of a try
        self,
        url: str,
        new_sink: Callable[[], Sink],
        *,
        limit_bytes: int,
        total_seconds: float | None = None,
        headers: Mapping[str, str] | None = None,
        retries: int | None = None,
        circuit: Circuit | None = None,
        patience: BodyPatience | None = None,
    ) -> Response:
        """Hand a body to a sink, piece by piece, and return the rest of it.

        Args:
            url: As for ``get``.
            new_sink: Called before each try's first byte; what earlier sinks
                were given is void then.
            limit_bytes: As for ``get``.
            total_seconds: As for ``get``, but ``zip_total_seconds`` when None.
            headers: As for ``get``.
            retries: As for ``get``.
            circuit: As for ``get``.
            patience: Ends a try whose bytes do not come; None waits as options say.

        Raises:
            NotFoundError: 404 or 410.
            UnavailableError: No answer could be had; also its subclasses.
            VolumeSpentError: It is a zip, and none may come this month.
            TooLargeError: The body exceeds the limit.
            MalformedError: The URL is no http, https or file URL.
            ConfigError: Credentials would go over plain http.
        """
        if url.endswith(_ZIP) and not url.startswith("file:"):
            self.traffic.check()

        async def attempt() -> Response:
            if url.startswith("file:"):
                return await self._copy_file(url, new_sink, limit_bytes=limit_bytes)
            try:
                if patience is None:
                    return await self._receive(url, download, headers, circuit)
                with patience.watching(strip_secrets(url)):
                    return await self._receive(url, download, headers, circuit)
            except UpstreamStatusError as exc:
                download.refused(exc)
                raise

        download = self._exchange.download(new_sink, limit_bytes, patience)
        seconds = total_seconds or self.options.zip_total_seconds
        return await self._persist(url, attempt, seconds, retries, circuit)

    async def _receive(
        self,
        url: str,
        download: Download,
        headers: Mapping[str, str] | None,
        circuit: Circuit | None,
    ) -> Response:
        """Try a download once."""
        sent = download.headers(headers)
        async with self._exchange.answer("GET", url, sent) as (response, served):
            if circuit is not None and not _may_be_page(served):
                circuit.has_answered()
            if served.status == HTTPStatus.NOT_MODIFIED:
                return Response(b"", served)
            with refusable(served):
                await download.take(response, served)
        return Response(
            b"", replace(served, status=HTTPStatus.OK, size_bytes=download.size_bytes)
        )

    async def head(
        self,
        url: str,
        *,
        total_seconds: float | None = None,
        headers: Mapping[str, str] | None = None,
        retries: int | None = None,
        circuit: Circuit | None = None,
    ) -> Response:
        """Return an answer without its body; its size is the declared one.

        Args:
            url: As for ``get``.
            total_seconds: As for ``get``.
            headers: As for ``get``.
            retries: As for ``get``.
            circuit: As for ``get``.

        Raises:
            NotFoundError: 404 or 410.
            UnavailableError: No answer could be had; also its subclasses.
            MalformedError: The URL is no http, https or file URL.
            ConfigError: Credentials would go over plain http.
        """

        async def attempt() -> Response:
            if url.startswith("file:"):
                size_bytes = await files.file_size(url)
                headers_of_file = {"content-length": str(size_bytes)}
                return Response(b"", self._served_file(url, 0, headers_of_file))
            async with self._exchange.answer("HEAD", url, headers) as (_, served):
                return Response(b"", served)

        seconds = total_seconds or self.options.total_seconds
        return await self._persist(url, attempt, seconds, retries, circuit)

    async def ask_aside(
        self,
        url: str,
        *,
        limit_bytes: int,
        seconds: float,
        new_sink: Callable[[], Sink] = lambda: len,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Ask once for a document that nobody needs, beside the lanes to its host.

        Args:
            url: As for ``get``.
            limit_bytes: As for ``get``.
            seconds: When it is late.
            new_sink: Looks at its bytes, and may refuse them.
            headers: As for ``get``.

        Raises:
            GosyncError: as from ``get``.
        """
        download = self._exchange.download(new_sink, limit_bytes)
        with anyio.move_on_after(seconds):
            await self._receive(url, download, headers, None)
            return
        raise UpstreamTimeoutError(f"{strip_secrets(url)}: no answer in {seconds:g} s")

    def web_proxy_of(self, url: str) -> str | None:
        """Return the web proxy that a URL is asked through, without secrets."""
        return self._exchange.web_proxy_of(url)

    async def _persist(
        self,
        url: str,
        attempt: Callable[[], Awaitable[Response]],
        total_seconds: float,
        retries: int | None,
        circuit: Circuit | None,
    ) -> Response:
        """Try, and try again, until the total deadline."""
        lanes = self.lanes_to(url)
        is_patient = retries is None

        async def send() -> Response:
            try:
                return await attempt()
            except UpstreamStatusError as exc:
                lanes.note_load(exc)
                raise

        async def try_once() -> Response:
            if circuit is None:
                async with lanes.lane():
                    return await send()
            if is_patient:
                circuit.check()
                async with lanes.lane():
                    return await circuit.attempt(send)
            with circuit.impatient():
                async with lanes.lane():
                    return await circuit.attempt(send, patient=False)

        async def wait() -> None:
            if circuit is None or circuit.state is not BreakerState.OPEN:
                await lanes.wait_for_retry()

        lanes.first_try()
        policy = retry_policy(self.options, retries)
        failures: list[UnavailableError] = []
        with anyio.move_on_after(total_seconds):
            return await with_retries(
                try_once,
                policy,
                failed=failures.append,
                wait=wait,
                cost=partial(_cost, circuit),
            )
        late = UpstreamTimeoutError(
            f"{strip_secrets(url)}: not finished within {total_seconds:g} s"
        )
        if circuit is not None:
            await circuit.count(late, total_seconds)
        raise late from (failures[-1] if failures else None)

    def lanes_to(self, url: str) -> Lanes:
        """Return the lanes to a URL's host."""
        host = url.split("/", 3)[2].rpartition("@")[2] if "://" in url else ""
        found = self._lanes.get(host)
        if found is None:
            made = Lanes(self.options.concurrency, self.clock)
            found = self._lanes[host] = made
        return found

    async def _copy_file(
        self, url: str, new_sink: Callable[[], Sink], *, limit_bytes: int
    ) -> Response:
        size_bytes = await files.copy_file(url, new_sink(), limit_bytes=limit_bytes)
        return Response(b"", self._served_file(url, size_bytes, {}))

    def _served_file(
        self, url: str, size_bytes: int, headers: Mapping[str, str]
    ) -> Served:
        return Served(
            url=strip_secrets(url),
            status=200,
            headers=headers,
            at=self.clock.now(),
            size_bytes=size_bytes,
            framed=True,
        )


def _cost(circuit: Circuit | None, error: UnavailableError) -> float:
    """Be more patient with a line that loses some than with one thing."""
    is_luck = circuit is not None and circuit.answers_mostly
    return 0.5 if is_luck and is_by_chance(error) else 1.0


def _may_be_page(served: Served) -> bool:
    """Whether a body may be a captive portal's: it is an answer once it is read."""
    return served.headers.get("content-type", "").lower().startswith("text/html")
