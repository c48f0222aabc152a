"""HTTP status that is not 200, made into the right error.

404 and 410 are a definite no, unless the body says "fetch timed out": so does
proxy.golang.org when it could not ask the origin in time, and that is no no.
Everything else is "don't know". A plain text body's first lines (at most 8, as
in ``go``, of at most 8 KiB) say why; Retry-After (RFC 9110 section 10.2.3) is
seconds or an HTTP date.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

from gosync.errors import (
    GosyncError,
    NotFoundError,
    UpstreamStatusError,
    UpstreamTimeoutError,
)

BODY_LIMIT_BYTES: Final = 8 * 1024
_LINES: Final = 8
_DETAIL_CHARACTERS: Final = 600
_DEFINITE_NO: Final = frozenset({404, 410})
_WANTS_LOGIN: Final = frozenset({401, 407})
_NOT_YET: Final = b"fetch timed out"


def refusal(
    shown_url: str,
    status: int,
    *,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
) -> GosyncError:
    """Return the error that an answer other than 200 amounts to."""
    detail = _detail(headers.get("content-type", ""), body)
    said = f"{shown_url}: {status} {_phrase(status)}".rstrip() + detail
    if status in _DEFINITE_NO:
        late = _NOT_YET in body.lower()
        no = UpstreamTimeoutError(said) if late else NotFoundError(said)
        no.failure_class = "http.404_timeout" if late else f"http.{status}"
        return no
    wait_seconds = parse_retry_after(headers.get("retry-after", ""), now=now)
    error = UpstreamStatusError(said, status=status, retry_after_seconds=wait_seconds)
    if status in _WANTS_LOGIN:
        error.hint = "put a login and password for this host into ~/.netrc or $NETRC"
    return error


def parse_retry_after(value: str, *, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for, or None.

    A date in the past is 0; what is neither number nor date is None.
    """
    value = value.strip()
    if value.isascii() and value.isdecimal():
        return float(value[:12])
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def _detail(content_type: str, body: bytes) -> str:
    """Return the body's lines in one, if it is text for people."""
    media_type, _, parameters = content_type.partition(";")
    if media_type.strip().lower() != "text/plain":
        return ""
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if charset not in ("", "utf-8", "us-ascii"):
        return ""
    lines = body.decode("utf-8", "replace").splitlines()[:_LINES]
    text = "; ".join(stripped for line in lines if (stripped := line.strip()))
    printable = "".join(
        c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text
    )
    return f": {printable[:_DETAIL_CHARACTERS]}" if printable else ""


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
