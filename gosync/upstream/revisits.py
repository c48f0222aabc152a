"""Conditional requests: one source, asked again about what it has said before.

Nobody else is asked when it says no: what this one proxy says is the question. A
file comes with validators where the proxy gives some (ETag, Last-Modified; RFC 9110
section 8.8); sent back, they make the request conditional, and an unchanged file
costs no body. Nothing is tried twice: who asks keeps a budget.

Of a broken proxy's answers an unchanged one may be a lie; a changed one never is.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from gosync.errors import NotFetchedError, UnavailableError
from gosync.upstream.answer import Served, Sink
from gosync.upstream.urls import module_path_on_wire

if TYPE_CHECKING:
    from gosync.upstream.source import Source

_VALIDATOR_LIMIT_CHARACTERS: Final = 500


class Validators(msgspec.Struct, frozen=True):
    """What an answer was marked with; "" where it was not.

    Attributes:
        etag: Its ETag, with quotes.
        modified: Its Last-Modified.
    """

    etag: str = ""
    modified: str = ""

    def conditions(self) -> dict[str, str]:
        """Return the headers that ask for the file only if it has changed."""
        headers = {}
        if self.etag:
            headers["If-None-Match"] = self.etag
        if self.modified:
            headers["If-Modified-Since"] = self.modified
        return headers


class Revisit(msgspec.Struct, frozen=True):
    """An answer.

    Attributes:
        body: The bytes; empty for a download.
        validators: What to send the next time.
        served: Evidence.
        changed: False where the proxy says that it is as before.
    """

    body: bytes
    validators: Validators
    served: Served
    changed: bool = True


class Revisits:
    """Asks one proxy."""

    def __init__(self, source: Source) -> None:
        """Prepare to ask this source."""
        self._source = source

    async def get(self, target: str, known: Validators, *, limit_bytes: int) -> Revisit:
        """Return a file.

        Args:
            target: Where it is below the proxy's URL, escaped.
            known: What the last answer was marked with.
            limit_bytes: The most that it may have.

        Raises:
            NotFoundError: The proxy says a definite no.
            UnavailableError: It gave no answer, or is a folder without anything.
            TooLargeError: The file exceeds the limit.
        """
        pieces: list[bytes] = []

        def new_sink() -> Sink:
            pieces.clear()
            return pieces.append

        answer = await self.download(target, new_sink, known, limit_bytes=limit_bytes)
        return replace(answer, body=b"".join(pieces))

    async def download(
        self,
        target: str,
        new_sink: Callable[[], Sink],
        known: Validators,
        *,
        limit_bytes: int,
    ) -> Revisit:
        """Hand a file to a sink, if it has changed.

        Args:
            target: As for ``get``.
            new_sink: Called before the first byte.
            known: As for ``get``.
            limit_bytes: As for ``get``.

        Raises:
            NotFoundError: As for ``get``; also its other errors.
        """
        try:
            answer = await self._source.download(
                module_path_on_wire(target),
                new_sink,
                limit_bytes=limit_bytes,
                headers=known.conditions(),
                retries=0,
            )
        except NotFetchedError as exc:  # nobody else is asked who could know
            raise UnavailableError(str(exc), hint=exc.hint) from exc
        if answer.status == HTTPStatus.NOT_MODIFIED:
            return Revisit(b"", known, answer.served, changed=False)
        return Revisit(b"", _validators(answer.served), answer.served)


def _validators(served: Served) -> Validators:
    return Validators(
        _kept(served.headers.get("etag", "")),
        _kept(served.headers.get("last-modified", "")),
    )


def _kept(value: str) -> str:
    """Return a header's value if it can be sent back as it is."""
    sendable = value.isascii() and value.isprintable()
    return value if sendable and len(value) <= _VALIDATOR_LIMIT_CHARACTERS else ""
