"""Content-Encoding, undone under a limit.

gosync asks for ``identity``; some servers compress all the same. gzip (RFC 1952)
is undone, piece by piece, so that a bomb is stopped at the limit and not in
memory; any other encoding was not asked for and is refused.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final, Protocol

from gosync.errors import TruncatedError, UpstreamStatusError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PIECE_BYTES: Final = 256 * 1024
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS


class Decoder(Protocol):
    """Undoes one Content-Encoding."""

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Yield the pieces that these bytes stand for."""
        ...

    def finish(self) -> None:
        """Check that nothing is missing at the end."""
        ...


class IdentityDecoder:
    """Bytes that stand for themselves."""

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Yield the bytes."""
        yield data

    def finish(self) -> None:
        """Find nothing missing."""


class GzipDecoder:
    """gzip members, one after the other."""

    def __init__(self, shown_url: str) -> None:
        self._shown_url = shown_url
        self._member = zlib.decompressobj(_GZIP_WINDOW)
        self._begun = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Yield pieces of at most 256 KiB.

        Raises:
            TruncatedError: The bytes are no gzip.
        """
        while data:
            if self._member.eof:
                self._member = zlib.decompressobj(_GZIP_WINDOW)
            self._begun = True
            try:
                piece = self._member.decompress(data, _PIECE_BYTES)
            except zlib.error as exc:
                raise TruncatedError(f"{self._shown_url}: damaged gzip: {exc}") from exc
            if piece:
                yield piece
            data = self._member.unconsumed_tail or self._member.unused_data

    def finish(self) -> None:
        """Check that the last member is complete.

        Raises:
            TruncatedError: It is not.
        """
        if self._begun and not self._member.eof:
            raise TruncatedError(f"{self._shown_url}: gzip ends early")


def decoder_for(headers: Mapping[str, str], *, shown_url: str) -> Decoder:
    """Return the decoder for an answer with these headers.

    Raises:
        UpstreamStatusError: The encoding is one that nobody asked for.
    """
    name = headers.get("content-encoding", "identity").strip().lower()
    if name in ("", "identity"):
        return IdentityDecoder()
    if name in ("gzip", "x-gzip"):
        return GzipDecoder(shown_url)
    raise UpstreamStatusError(
        f"{shown_url}: answered in Content-Encoding {name[:40]!r}", status=200
    )
