"""One download, over all of its tries: bytes from sockets to a sink, within a limit.

A try that breaks off leaves its bytes where they are, if the rest may be asked for
(``resume``): the next try then goes on in the same sink. Otherwise it begins a new one,
and what the old one was given is void. Bytes are counted as they come, as transferred
and decoded, whatever was declared; a body with fewer bytes than declared is truncated,
not short.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from http import HTTPStatus
from typing import Final

import httpx

from gosync.clock import Clock
from gosync.errors import (
    RejectedError,
    TooLargeError,
    TruncatedError,
    UpstreamStatusError,
)
from gosync.upstream.answer import Served, Sink, body_size, declared_size
from gosync.upstream.encoding import Decoder, decoder_for
from gosync.upstream.failures import body_failures
from gosync.upstream.patience import BodyPatience
from gosync.upstream.resume import WORTH_BYTES, mark_of, range_headers, rest_size
from gosync.upstream.traffic import Traffic

_FRAMES_BYTES: Final = 64 * 1024  # what compression may add to what is incompressible


class Download:
    """Takes the bodies of one download's tries.

    Attributes:
        size_bytes: How many decoded bytes the sink was given.
    """

    def __init__(
        self,
        new_sink: Callable[[], Sink],
        traffic: Traffic,
        clock: Clock,
        *,
        limit_bytes: int,
        patience: BodyPatience | None = None,
    ) -> None:
        """Begin with nothing.

        Args:
            new_sink: Called for the first byte of each body that begins anew.
            traffic: Counts what comes, and says how fast it may.
            clock: What the rate is measured by.
            limit_bytes: The most that the body may have, decoded.
            patience: Waits for the next bytes.
        """
        self._patience = patience
        self._new_sink = new_sink
        self._traffic = traffic
        self._clock = clock
        self._limit_bytes = limit_bytes
        self._sink: Sink | None = None
        self._mark: str | None = None
        self._has_renewed = False
        self.size_bytes = 0

    def headers(self, asked: Mapping[str, str] | None) -> Mapping[str, str] | None:
        """Return the headers of the next try: with a range, if there is a rest."""
        if self._mark is None or self.size_bytes < WORTH_BYTES:
            return asked
        return {**(asked or {}), **range_headers(self._mark, self.size_bytes)}

    def refused(self, error: UpstreamStatusError) -> None:
        """Forget what came so far where nobody has its rest.

        A signature that may have expired is worth one more try, not all of them.

        Raises:
            TruncatedError: There is none; the whole is to be asked for again.
        """
        if error.may_have_expired:
            error.may_have_expired = not self._has_renewed
            self._has_renewed = True
        if error.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and self._mark:
            self._mark = None
            raise TruncatedError(f"{error}: the rest of it is gone") from error

    async def take(self, response: httpx.Response, served: Served) -> None:
        """Hand a body, or its rest, to the sink.

        Raises:
            TooLargeError: It exceeds the limit; also if it only says so.
            TruncatedError: It is shorter than it says, or is not the rest.
            UnavailableError: It broke off; also its subclasses.
        """
        declared = declared_size(served.headers)
        if served.status == HTTPStatus.PARTIAL_CONTENT:
            rest_bytes = rest_size(served.headers, self.size_bytes)
            if rest_bytes is None or declared not in (None, rest_bytes):
                self._mark = None
                raise TruncatedError(f"{served.url}: another range than asked for")
            declared = rest_bytes
        else:
            self._mark, self.size_bytes, self._sink = None, 0, None
        decoder = decoder_for(served.headers, shown_url=served.url)
        if (body_size(served.headers) or 0) + self.size_bytes > self._limit_bytes:
            raise TooLargeError(served.url, limit_bytes=self._limit_bytes)
        if self._sink is None:
            self._sink = self._new_sink()
            self._mark = mark_of(served.headers)
        try:
            received_bytes = await self._copy(response, served, decoder)
        except RejectedError:
            self._mark = None
            raise
        if declared is not None and received_bytes != declared:
            raise TruncatedError(
                f"{served.url}: {received_bytes} of {declared} bytes arrived"
            )
        decoder.finish()

    async def _copy(
        self, response: httpx.Response, served: Served, decoder: Decoder
    ) -> int:
        """Hand on decoded bytes; return how many came."""
        assert self._sink is not None
        limit_bytes, sink = self._limit_bytes, self._sink
        received_bytes = 0
        most_bytes = limit_bytes + limit_bytes // 64 + _FRAMES_BYTES
        with body_failures(served.url):
            async with aclosing(raw_body(response)) as body:
                async for data in body:
                    if self._patience is not None:
                        self._patience.pause()
                    received_bytes += len(data)
                    await self._traffic.take(len(data), self._clock)
                    if received_bytes > most_bytes:  # gzip of nothing, for ever
                        raise TooLargeError(served.url, limit_bytes=limit_bytes)
                    for piece in decoder.decode(data):
                        self.size_bytes += len(piece)
                        if self.size_bytes > limit_bytes:
                            raise TooLargeError(served.url, limit_bytes=limit_bytes)
                        sink(piece)
                    if self._patience is not None:
                        self._patience.go_on()
        return received_bytes


async def raw_body(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    """Yield a body as transferred; close it with ``aclosing``."""
    async for data in response.aiter_raw():
        yield data
