"""Content-Encoding, undone under a limit.

gosync asks for ``identity``; some servers compress all the same. gzip (RFC 1952)
is undone, piece by piece, so that a bomb is stopped at the limit and not in
memory. Another compression that nobody asked for is refused: its bytes, taken for
plain ones, would pass for a changed file. What else stands there (``aws-chunked``,
``utf-8``) says nothing of the bytes, and is ignored as ``go`` ignores it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from typing import Final, Protocol

from gosync.errors import TruncatedError, UpstreamStatusError

_PIECE_BYTES: Final = 256 * 1024
_COMPRESSIONS: Final = frozenset(
    {"br", "bzip2", "compress", "dcb", "dcz", "deflate", "gzip", "lzma", "pack200-gzip"}
    | {"x-bzip2", "x-compress", "x-gzip", "x-xz", "xz", "zstd"}
)
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


def compressions(headers: Mapping[str, str]) -> list[str]:
    """Return what the body of an answer with these headers is compressed with."""
    names = headers.get("content-encoding", "").lower().split(",")
    return [name for each in names if (name := each.strip()) in _COMPRESSIONS]


def decoder_for(headers: Mapping[str, str], *, shown_url: str) -> Decoder:
    """Return the decoder for an answer with these headers.

    Raises:
        UpstreamStatusError: The encoding is one that nobody asked for.
    """
    match compressions(headers):
        case []:
            return IdentityDecoder()
        case ["gzip" | "x-gzip"]:
            return GzipDecoder(shown_url)
        case names:
            raise UpstreamStatusError(
                f"{shown_url}: answered in Content-Encoding {', '.join(names)[:40]!r}",
                status=200,
            )
