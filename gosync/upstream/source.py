"""Source: somewhere that answers module questions, and how well it does.

A question is a path below the source's URL, as the GOPROXY protocol has it, in the
form that goes over the wire. Proxies answer over HTTP, folders that are laid out like
one answer files, and so does a store (``ingest.storesource``). Each has a circuit: its
health, and whether it is asked now. What it answers is trusted by nobody yet.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from io import BytesIO
from typing import Final, Protocol

from msgspec.structs import replace

from gosync.errors import (
    NotFetchedError,
    NotFoundError,
    PageError,
    UnavailableError,
    UpstreamStatusError,
)
from gosync.upstream.answer import Response, Sink
from gosync.upstream.breaker import BreakerPolicy
from gosync.upstream.circuit import Circuit
from gosync.upstream.files import check_folder
from gosync.upstream.forbidden import ForbiddenAnswers
from gosync.upstream.http import Fetcher
from gosync.upstream.manners import Manners
from gosync.upstream.options import MIB, HttpOptions
from gosync.upstream.patience import BodyPatience
from gosync.upstream.reading import is_whole_page, no_page_sink
from gosync.upstream.targets import is_database_file, is_module_file
from gosync.upstream.urls import join, strip_secrets

_WITNESS_LIMIT_BYTES: Final = 16 * MIB
_FAILURES_IN_ROW: Final = 5
_FAILURE_RATE: Final = 0.95
_LONGEST_OPEN_SECONDS: Final = 5.0
_LONGEST_ASKED_SECONDS: Final = 3600.0


class Source(Protocol):
    """Somewhere that answers module questions.

    Attributes:
        name: What messages call it: its URL, without secrets.
        circuit: Its health, and whether it is asked now.
    """

    name: str
    circuit: Circuit

    async def get(
        self,
        path: str,
        *,
        limit_bytes: int,
        headers: Mapping[str, str] | None = None,
        retries: int | None = None,
    ) -> Response:
        """Return a file.

        Args:
            path: Where it is below the source's URL, as it goes over the wire.
            limit_bytes: The most that it may have.
            headers: Sent along, also to where redirects lead: no secrets.
            retries: Tries after the first; the options' when None.

        Raises:
            NotFoundError: It says a definite no.
            NotFetchedError: It does not have it, and cannot know whether it exists.
            SourceDownError: It gave no answers a moment ago, and is not asked.
            UnavailableError: It gave no answer; also its other subclasses.
            TooLargeError: The file exceeds the limit.
        """
        ...

    async def download(
        self,
        path: str,
        new_sink: Callable[[], Sink],
        *,
        limit_bytes: int,
        headers: Mapping[str, str] | None = None,
        retries: int | None = None,
        patience: BodyPatience | None = None,
    ) -> Response:
        """Hand a file to a sink, piece by piece, and return the rest of it.

        Args:
            path: As for ``get``.
            new_sink: Called before each try's first byte; what earlier sinks were
                given is void then.
            limit_bytes: As for ``get``.
            headers: As for ``get``.
            retries: As for ``get``.
            patience: Ends it where bytes do not come and others may bring them.

        Raises:
            NotFoundError: As for ``get``; also its other errors.
        """
        ...

    async def head(
        self,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        retries: int | None = None,
    ) -> Response:
        """Return a file's headers without its bytes.

        Args:
            path: As for ``get``.
            headers: As for ``get``.
            retries: As for ``get``.

        Raises:
            NotFoundError: As for ``get``; also its other errors.
        """
        ...


class ProxySource:
    """A proxy, asked over HTTP.

    Its witness is the last small file that it served; before it served one, its own
    URL, of which any answer will do.
    """

    def __init__(self, url: str, fetcher: Fetcher, policy: BreakerPolicy) -> None:
        """Prepare to ask.

        Args:
            url: Its URL; the fetcher knows the secrets that open it.
            fetcher: Sends the requests.
            policy: When it is no longer asked.
        """
        self.name = strip_secrets(url)
        self._url = url
        self._fetcher = fetcher
        self._served: str | None = None
        self.circuit = Circuit(
            self.name, policy, fetcher.clock, witness=self._ask_witness
        )
        self._manners = Manners(fetcher, self.circuit)
        self._forbidden = ForbiddenAnswers(fetcher, self.circuit, self._manners)

    async def get(
        self,
        path: str,
        *,
        limit_bytes: int,
        headers: Mapping[str, str] | None = None,
        retries: int | None = None,
    ) -> Response:
        """Return a file, tried again as the options say; errors as ``Source.get``."""
        url = join(self._url, path)
        try:
            answer = await self._get(url, path, limit_bytes, headers, retries)
        except (UpstreamStatusError, PageError) as exc:
            # Where others are at hand (no retries), they are better than patience.
            is_learning = retries != 0 and is_module_file(path)
            if not (is_learning and await self._manners.learn(url, exc)):
                raise
            answer = await self._get(url, path, limit_bytes, headers, retries)
        self._served = url
        self._forbidden.note_served(url)
        self._manners.note_answer()
        return answer

    async def _get(
        self,
        url: str,
        path: str,
        limit_bytes: int,
        headers: Mapping[str, str] | None,
        retries: int | None,
    ) -> Response:
        body = BytesIO()

        def new_sink() -> Sink:
            body.seek(0)
            body.truncate()
            return body.write

        asked = self._manners.asked(url, headers)
        request = self._fetcher.download(
            asked.url,
            partial(_file_sink, path, new_sink),
            limit_bytes=limit_bytes,
            total_seconds=self._fetcher.options.total_seconds,
            headers=asked.headers,
            retries=retries,
            circuit=self.circuit,
        )
        return replace(await self._answer(request), body=body.getvalue())

    async def download(
        self,
        path: str,
        new_sink: Callable[[], Sink],
        *,
        limit_bytes: int,
        headers: Mapping[str, str] | None = None,
        retries: int | None = None,
        patience: BodyPatience | None = None,
    ) -> Response:
        """Write a file to a sink anew with each try; errors as ``Source.download``."""
        asked = self._manners.asked(join(self._url, path), headers)
        request = self._fetcher.download(
            asked.url,
            new_sink,
            limit_bytes=limit_bytes,
            headers=asked.headers,
            retries=retries,
            circuit=self.circuit,
            patience=patience,
        )
        return await self._answer(request)

    async def head(
        self,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        retries: int | None = None,
    ) -> Response:
        """Write a file to a sink anew with each try; errors as ``Source.download``."""
        asked = self._manners.asked(join(self._url, path), headers)
        request = self._fetcher.head(
            asked.url, headers=asked.headers, retries=retries, circuit=self.circuit
        )
        return await self._answer(request)

    async def _answer(self, request: Awaitable[Response]) -> Response:
        try:
            return await request
        except UpstreamStatusError as exc:
            meant = await self._forbidden.meant(exc)
            if meant is exc:
                raise
            raise meant from exc

    async def _ask_witness(self, seconds: float) -> None:
        url = self._served or self._url
        asked = self._manners.asked(url)
        await self._fetcher.ask_aside(
            asked.url,
            headers=asked.headers,
            limit_bytes=_WITNESS_LIMIT_BYTES,
            seconds=seconds,
            new_sink=partial(_file_sink, url, lambda: len),
        )


class FolderSource(ProxySource):
    """A folder that is laid out like a proxy, named by a ``file://`` URL.

    A folder without anything in it is a medium that is gone: that a file is not in
    it says nothing of whether the file exists.
    """

    async def _answer(self, request: Awaitable[Response]) -> Response:
        try:
            return await request
        except NotFoundError as exc:
            raise await self._no(exc) from None

    async def _no(self, error: NotFoundError) -> NotFoundError:
        """Return what a missing file means."""
        try:
            await check_folder(self._url)
        except UnavailableError as exc:
            return NotFetchedError(str(exc), hint=exc.hint)
        return error

    async def _ask_witness(self, seconds: float) -> None:
        del seconds
        await check_folder(self._url)


def _file_sink(path: str, new_sink: Callable[[], Sink]) -> Sink:
    """Return a sink that takes what is at a path, and no page in place of a file."""
    subject = strip_secrets(path)
    if is_module_file(path):
        return no_page_sink(subject, new_sink, what="file")
    if is_database_file(path):
        return no_page_sink(subject, new_sink, what="file", is_page=is_whole_page)
    return new_sink()


def make_source(
    url: str, fetcher: Fetcher, policy: BreakerPolicy | None = None
) -> Source:
    """Return the source that a URL names.

    Args:
        url: http, https or file; the fetcher knows the secrets that open it.
        fetcher: Sends the requests.
        policy: When it is no longer asked; None for the fetcher's options.
    """
    kind = FolderSource if url.startswith("file:") else ProxySource
    return kind(url, fetcher, policy or breaker_policy(fetcher.options))


def breaker_policy(options: HttpOptions) -> BreakerPolicy:
    """Return when a source is no longer asked, for requests with these options.

    It is left alone for less than the first pause between two tries, at first, so
    that one that was away for a moment loses nobody a version.
    """
    return BreakerPolicy(
        failures_in_row=_FAILURES_IN_ROW,
        failure_rate=_FAILURE_RATE,
        open_seconds=options.retry_delay_seconds / 2,
        max_open_seconds=min(_LONGEST_OPEN_SECONDS, options.max_retry_delay_seconds),
        max_asked_seconds=_LONGEST_ASKED_SECONDS,
    )
