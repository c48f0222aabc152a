from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gosync.errors import NotFoundError, UpstreamStatusError, UpstreamTimeoutError
from gosync.upstream.refusal import parse_retry_after, refusal

NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
TEXT = {"content-type": "text/plain; charset=UTF-8"}


def refused(status: int, body: bytes = b"", headers: dict[str, str] | None = None):
    return refusal("https://h/a", status, headers=headers or TEXT, body=body, now=NOW)


@pytest.mark.parametrize("status", [404, 410])
def test_404_and_410_are_a_definite_no(status: int) -> None:
    assert type(refused(status, b"not found: unknown revision")) is NotFoundError


@pytest.mark.parametrize("status", [404, 410])
def test_a_no_that_timed_out_is_none(status: int) -> None:
    error = refused(status, b"not found: Fetch timed out", {"content-type": "text/x"})
    assert isinstance(error, UpstreamTimeoutError)


def test_a_plain_text_body_says_why_in_one_line() -> None:
    error = refused(403, b"go away\n\n  really\x1b[31m\n" + b"l\n" * 20)
    assert str(error) == (
        "https://h/a: 403 Forbidden: go away; really\N{REPLACEMENT CHARACTER}[31m; "
        "l; l; l; l; l"
    )


@pytest.mark.parametrize(
    "kind", ["text/html", "text/plain; charset=utf-16", "application/json", ""]
)
def test_other_bodies_are_not_shown(kind: str) -> None:
    error = refused(500, b"<html>", {"content-type": kind})
    assert str(error) == "https://h/a: 500 Internal Server Error"


def test_a_status_without_a_name_is_a_number() -> None:
    error = refused(599)
    assert isinstance(error, UpstreamStatusError)
    assert (str(error), error.status) == ("https://h/a: 599", 599)


@pytest.mark.parametrize(
    ("value", "want"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Sun, 22 Nov 2026 12:01:30 GMT", 90),
        ("Sunday, 22-Nov-26 12:01:30 GMT", 90),
        ("Sun, 22 Nov 2026 13:01:30 +0100", 90),
        ("Sun, 22 Nov 2026 12:01:30", 90),
        ("Sun, 22 Nov 2020 12:01:30 GMT", 0),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("\N{SUPERSCRIPT TWO}", None),
        ("Sun, 99 Nov 2026 12:01:30 GMT", None),
        ("9" * 500, 999999999999),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, want: float | None) -> None:
    assert parse_retry_after(value, now=NOW) == want
