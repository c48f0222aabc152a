"""Resuming a download: when the rest of a body may be asked for. Pure.

RFC 9110 sections 13.1.5 and 14: the next request carries ``Range: bytes=N-`` and, as
``If-Range``, what marks the file's state; a server whose file has changed, or that
knows no ranges, answers 200 with all of it. A mark is a strong ETag, or a
Last-Modified that is a minute older than the answer's own Date. Compressed bodies are
not resumed, and neither is less than ``WORTH_BYTES``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from gosync.pattern import compile_on_use
from gosync.upstream.encoding import compressions

WORTH_BYTES: Final = 16 * 1024
_CHARACTERS: Final = 500
_ETAG: Final = compile_on_use(r'"[\x21\x23-\x7e\x80-\xff]*"')
_CONTENT_RANGE: Final = compile_on_use(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")


def mark_of(headers: Mapping[str, str]) -> str | None:
    """Return what marks a body's state, or None where it cannot be resumed.

    Args:
        headers: Those of a status 200, names in lower case.
    """
    if headers.get("accept-ranges", "bytes").strip().lower() != "bytes":
        return None
    if compressions(headers):
        return None
    etag = headers.get("etag", "").strip()
    if len(etag) < _CHARACTERS and _ETAG.fullmatch(etag):
        return etag
    modified = headers.get("last-modified", "").strip()
    changed, served = _moment(modified), _moment(headers.get("date", ""))
    if changed is None or served is None:
        return None
    return modified if served - changed >= timedelta(minutes=1) else None


def range_headers(mark: str, had_bytes: int) -> dict[str, str]:
    """Return the headers that ask for the rest of a body."""
    return {"Range": f"bytes={had_bytes}-", "If-Range": mark}


def rest_size(headers: Mapping[str, str], had_bytes: int) -> int | None:
    """Return how many bytes a status 206 brings; None if it is not the rest.

    Args:
        headers: The answer's, names in lower case.
        had_bytes: What is here already.
    """
    match = _CONTENT_RANGE.fullmatch(headers.get("content-range", "").strip())
    if match is None or compressions(headers) or int(match[1]) != had_bytes:
        return None
    end = int(match[2]) + 1
    if end <= had_bytes or (match[3] != "*" and int(match[3]) != end):
        return None
    return end - had_bytes


def _moment(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value.strip()[:_CHARACTERS])
    except (ValueError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
