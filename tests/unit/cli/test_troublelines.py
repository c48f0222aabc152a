"""What people are told of what is missing."""

from __future__ import annotations

from gosync.catalog.failures import Failure
from gosync.cli.classlines import page_lines
from gosync.cli.troublelines import failure_lines

AT = "2024-01-01T00:00:00.000000Z"


def failure(version: str, *, exit_code: int = 3) -> Failure:
    return Failure(
        path="a.example/m",
        version=version,
        kind="version",
        error="NotFoundError",
        reason="404 Not Found",
        exit_code=exit_code,
        attempts=1,
        first_at=AT,
        last_at=AT,
        next_try_at=AT,
    )


def test_of_very_many_failures_the_gravest_are_shown_and_the_rest_counted() -> None:
    many = [failure(f"v1.{number}.0") for number in range(20_000)]
    lines = list(failure_lines([*many, failure("v9.0.0", exit_code=6)]))
    assert lines[0].endswith("a.example/m@v9.0.0")
    assert lines[-1].startswith("and 19901 more;")
    assert len("\n".join(lines)) < 20_000


def test_some_failures_are_shown_all() -> None:
    lines = list(failure_lines([failure("v1.0.0"), failure("v1.1.0")]))
    assert len(lines) == 2 * 3


def test_pages_are_named_once_each() -> None:
    lines = list(page_lines(["sum.fork", "", "network.dns", "sum.fork"]))
    assert [line.split()[-1] for line in lines] == ["network.dns", "sum.fork"]
