"""Faults of the line and of the server, put on and taken off while it runs.

A fault has a glob that is matched with the decoded path (``*`` crosses slashes;
upper-case letters are ``!x`` there as on disk) and turns the true answer into
another one. Several that match are applied in the order they were put on.
Each move returns its Fault: ``remove()`` it, count its ``hits``, or use it in a
``with`` statement.
"""

from __future__ import annotations

import hashlib
import threading
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Self

from msgspec.structs import replace

from gosync.demo.exchange import Ending, Framing, HttpAnswer, HttpRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HTML = b"<!DOCTYPE html>\n<html><body><h1>Welcome</h1></body></html>\n"


class Fault:
    """One fault at work.

    Args:
        glob: Which decoded paths it meets.
        change: The true answer in, the answer to give out.
        times: How often it happens, None for always.
        owner: The list it is in while at work.
    """

    def __init__(
        self,
        glob: str,
        change: Callable[[HttpRequest, HttpAnswer], HttpAnswer],
        *,
        times: int | None,
        owner: list[Fault],
    ):
        self.glob = glob
        self.change = change
        self.times = times
        self.hits = 0
        self._owner = owner
        self._counting = threading.Lock()

    def meets(self, request: HttpRequest) -> bool:
        """Count a hit and return True, if this request is one of the fault's."""
        if not fnmatchcase(request.path, self.glob):
            return False
        with self._counting:
            if self.times is not None and self.hits >= self.times:
                return False
            self.hits += 1
        return True

    def remove(self) -> None:
        """Take the fault off."""
        if self in self._owner:
            self._owner.remove(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


class FaultMoves:
    """The moves; Simulator inherits them."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._over = threading.Event()

    def fault(
        self,
        glob: str,
        change: Callable[[HttpRequest, HttpAnswer], HttpAnswer],
        *,
        times: int | None = None,
    ) -> Fault:
        """Put on any fault."""
        fault = Fault(glob, change, times=times, owner=self._faults)
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Take off every fault."""
        self._faults.clear()

    def apply_faults(self, request: HttpRequest, answer: HttpAnswer) -> HttpAnswer:
        for fault in tuple(self._faults):
            if fault.meets(request):
                answer = fault.change(request, answer)
        return answer

    # Answers of another kind.

    def fail(
        self,
        glob: str,
        *,
        status: int = 500,
        body: bytes = b"the simulator was told to fail\n",
        headers: tuple[tuple[str, str], ...] = (),
        times: int | None = None,
    ) -> Fault:
        """Answer a status of failure."""
        answer = HttpAnswer(status, body, headers=headers)
        return self.fault(glob, lambda *_: answer, times=times)

    def rate_limit(
        self, glob: str, *, retry_after: str = "1", times: int | None = 1
    ) -> Fault:
        """Answer 429 with Retry-After, once by default."""
        headers = (("Retry-After", retry_after),)
        return self.fail(
            glob, status=429, body=b"slow down\n", headers=headers, times=times
        )

    def fetch_timed_out(self, glob: str, *, times: int | None = None) -> Fault:
        """Answer the 404 that is none."""
        body = b"not found: fetch timed out\n"
        return self.fail(glob, status=404, body=body, times=times)

    def replace_body(
        self,
        glob: str,
        body: bytes,
        *,
        content_type: str | None = None,
        times: int | None = None,
    ) -> Fault:
        """Answer 200 with other bytes."""

        def change(_: HttpRequest, answer: HttpAnswer) -> HttpAnswer:
            kind = answer.content_type if content_type is None else content_type
            return HttpAnswer(200, body, kind)

        return self.fault(glob, change, times=times)

    def html(self, glob: str, *, times: int | None = None) -> Fault:
        """Answer 200 with a page for people, as captive portals do."""
        return self.replace_body(glob, HTML, content_type="text/html", times=times)

    def swap_bytes(
        self, glob: str, *, at: int | None = None, times: int | None = None
    ) -> Fault:
        """Swap two unlike bytes that follow each other, from the middle on."""

        def change(_: HttpRequest, answer: HttpAnswer) -> HttpAnswer:
            return replace(answer, body=_swapped(_bytes(answer), at))

        return self.fault(glob, change, times=times)

    def etags(self, glob: str) -> Fault:
        """Mark answers with an ETag, and answer 304 to who has it already."""

        def change(request: HttpRequest, answer: HttpAnswer) -> HttpAnswer:
            if answer.status != 200:
                return answer
            etag = f'"{hashlib.sha256(_bytes(answer)).hexdigest()}"'
            headers = (*answer.headers, ("ETag", etag))
            if request.headers.get("if-none-match") == etag:
                return HttpAnswer(304, headers=headers)
            return replace(answer, headers=headers)

        return self.fault(glob, change)

    # Redirects.

    def redirect(
        self, glob: str, to: str, *, status: int = 302, times: int | None = None
    ) -> Fault:
        """Answer with a redirect to another URL or path."""
        return self.fail(
            glob, status=status, body=b"", headers=(("Location", to),), times=times
        )

    def redirect_loop(self, glob: str) -> Fault:
        """Redirect to the same place, for ever."""

        def change(request: HttpRequest, _: HttpAnswer) -> HttpAnswer:
            return HttpAnswer(302, headers=(("Location", request.target),))

        return self.fault(glob, change)

    # The line.

    def truncate(
        self,
        glob: str,
        *,
        content_length: str = "right",
        at: int | None = None,
        times: int | None = None,
    ) -> Fault:
        """Send only the first bytes, half of them by default.

        ``content_length``: "right" declares the whole length, "wrong" the cut
        one, "none" neither, "chunked" omits the last chunk.
        """

        def change(_: HttpRequest, answer: HttpAnswer) -> HttpAnswer:
            body = _bytes(answer)
            cut = body[: len(body) // 2 if at is None else at]
            if content_length == "right":
                return replace(answer, body=cut, declared_bytes=len(body))
            if content_length == "wrong":
                return replace(answer, body=cut)
            if content_length == "none":
                return replace(answer, body=cut, framing=Framing.CLOSE)
            assert content_length == "chunked"
            framing, ending = Framing.CHUNKED, Ending.CLOSE
            return replace(answer, body=cut, framing=framing, ending=ending)

        return self.fault(glob, change, times=times)

    def without_length(
        self, glob: str, *, chunked: bool = True, times: int | None = None
    ) -> Fault:
        """Send all bytes without a Content-Length; no harm done."""
        framing = Framing.CHUNKED if chunked else Framing.CLOSE
        return self.fault(
            glob, lambda _, answer: replace(answer, framing=framing), times=times
        )

    def stall(
        self,
        glob: str,
        *,
        after_bytes: int | None = 0,
        seconds: float | None = None,
        times: int | None = None,
    ) -> Fault:
        """Fall silent after some bytes of the body; None: before the head.

        It lasts ``seconds``, or until the simulator stops.
        """

        def change(_: HttpRequest, answer: HttpAnswer) -> HttpAnswer:
            if after_bytes is None:
                self._over.wait(seconds)
                return answer
            body = _bytes(answer)
            return _in_pieces(answer, self._stalling(body, after_bytes, seconds))

        return self.fault(glob, change, times=times)

    def delay(self, glob: str, seconds: float, *, times: int | None = None) -> Fault:
        """Answer later."""
        return self.stall(glob, after_bytes=None, seconds=seconds, times=times)

    def drip(
        self,
        glob: str,
        *,
        piece_bytes: int = 1,
        pause_seconds: float = 0.05,
        times: int | None = None,
    ) -> Fault:
        """Send a few bytes now and then."""

        def change(_: HttpRequest, answer: HttpAnswer) -> HttpAnswer:
            pieces = self._dripping(_bytes(answer), piece_bytes, pause_seconds)
            return _in_pieces(answer, pieces)

        return self.fault(glob, change, times=times)

    def reset(
        self, glob: str, *, after_bytes: int | None = None, times: int | None = None
    ) -> Fault:
        """Reset the connection after some bytes of the body; None: unanswered."""

        def change(_: HttpRequest, answer: HttpAnswer) -> HttpAnswer:
            if after_bytes is None:
                return HttpAnswer(0, ending=Ending.RESET)
            body = _bytes(answer)
            cut, length = body[:after_bytes], len(body)
            return replace(answer, body=cut, declared_bytes=length, ending=Ending.RESET)

        return self.fault(glob, change, times=times)

    def _stalling(
        self, body: bytes, after_bytes: int, seconds: float | None
    ) -> Iterator[bytes]:
        yield body[:after_bytes]
        self._over.wait(seconds)
        if seconds is not None and not self._over.is_set():
            yield body[after_bytes:]

    def _dripping(
        self, body: bytes, piece_bytes: int, pause_seconds: float
    ) -> Iterator[bytes]:
        for start in range(0, len(body), piece_bytes):
            yield body[start : start + piece_bytes]
            if self._over.wait(pause_seconds):
                return


def _bytes(answer: HttpAnswer) -> bytes:
    assert isinstance(answer.body, bytes), "put a slow fault on last"
    return answer.body


def _in_pieces(answer: HttpAnswer, pieces: Iterator[bytes]) -> HttpAnswer:
    return replace(answer, body=pieces, declared_bytes=answer.length_bytes)


def _swapped(body: bytes, at: int | None) -> bytes:
    middle = len(body) // 2 if at is None else at
    for position in (*range(middle, len(body) - 1), *range(middle)):
        first, second = body[position : position + 2]
        if first != second:
            swapped = bytes((second, first))
            return body[:position] + swapped + body[position + 2 :]
    return body
