"""Manners: how a source wants to be asked, where it refuses who does not ask as ``go``.

    go-user-agent   it answers ``Go-http-client/1.1`` alone, as the commands of Go say
    go-get-query    its files come with ``?go-get=1``, as go asks for import paths

Learned at the first refusal (403, or a page of HTML) of one that has answered nothing
yet: the same question once in either manner, and the first that is answered counts from
then on. What was learned is kept with the source's other gaps. Of one that others stand
in for nothing is learned: they are asked instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

import anyio
import msgspec

from gosync.errors import GosyncError, PageError, UpstreamStatusError
from gosync.upstream.http import Fetcher
from gosync.upstream.kept import GO_AGENT, GO_GET
from gosync.upstream.options import MIB
from gosync.upstream.reading import no_page_sink
from gosync.upstream.urls import strip_secrets

_AGENT: Final = {"User-Agent": "Go-http-client/1.1"}
_QUERY: Final = "go-get=1"
_REFUSED: Final = 403
_SECONDS: Final = 30.0


class SentQuestion(msgspec.Struct, frozen=True):
    """A question as it is sent.

    Attributes:
        url: Where to.
        headers: Besides gosync's own.
    """

    url: str
    headers: Mapping[str, str] | None


class Learner(Protocol):
    """Whoever keeps what was learned of a source.

    Attributes:
        gaps: What it is known for.
    """

    gaps: set[str]


class Manners:
    """The manners of one source."""

    def __init__(self, fetcher: Fetcher, learner: Learner) -> None:
        """Ask as was learned before.

        Args:
            fetcher: Sends what is tried.
            learner: Keeps what is learned.
        """
        self._fetcher = fetcher
        self._learner = learner
        self._is_settled = False
        self._trying = anyio.Lock()

    def note_answer(self) -> None:
        """Take note that it answers: nothing is to be learned."""
        self._is_settled = True

    def asked(self, url: str, headers: Mapping[str, str] | None = None) -> SentQuestion:
        """Return a question in the manner that it wants."""
        return _asked(url, headers, self._learner.gaps)

    async def learn(self, url: str, error: GosyncError) -> bool:
        """Return whether the same question, asked anew, may well be answered.

        Args:
            url: What was asked, without any manner.
            error: How it was refused.
        """
        is_refusal = isinstance(error, UpstreamStatusError) and error.status == _REFUSED
        if self._is_settled or not (is_refusal or isinstance(error, PageError)):
            return False
        before = self._known
        async with self._trying:
            if not self._is_settled:
                await self._try(url)
        return self._known != before

    @property
    def _known(self) -> set[str]:
        return self._learner.gaps & {GO_AGENT, GO_GET}

    async def _try(self, url: str) -> None:
        for gaps in ({GO_AGENT}, {GO_AGENT, GO_GET}):
            tried = _asked(url, None, gaps)
            try:
                await self._fetcher.ask_aside(
                    tried.url,
                    limit_bytes=16 * MIB,
                    seconds=_SECONDS,
                    headers=tried.headers,
                    new_sink=lambda: no_page_sink(strip_secrets(url), lambda: len),
                )
            except (UpstreamStatusError, PageError):
                continue
            except GosyncError:
                break
            self._learner.gaps |= gaps
            break
        self._is_settled = True


def _asked(url: str, headers: Mapping[str, str] | None, gaps: set[str]) -> SentQuestion:
    if GO_GET in gaps:
        url += f"{'&' if '?' in url else '?'}{_QUERY}"
    if GO_AGENT in gaps:
        headers = {**(headers or {}), **_AGENT}
    return SentQuestion(url, headers)
