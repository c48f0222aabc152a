"""What go.work says, and what is refused."""

from __future__ import annotations

import pytest

from gosync.errors import MalformedError, TooLargeError
from gosync.gomod.moddirective import Replacement
from gosync.gomod.workfile import MAX_GO_WORK_BYTES, GoWork, parse

FULL = b"""
// worked on together
go 1.21.3
toolchain go1.22.0

use ./a // the first
use (
    "./b c"
    ../d
)
replace example.com/x v1.0.0 => example.com/y v1.2.0
replace (
    example.com/z => ./z
)
godebug panicnil=1
"""


def test_everything_in_it_is_read() -> None:
    assert parse(FULL) == GoWork(
        "1.21.3",
        "go1.22.0",
        ("./a", "./b c", "../d"),
        (
            Replacement("example.com/x", "v1.0.0", "example.com/y", "v1.2.0"),
            Replacement("example.com/z", "", "./z", ""),
        ),
        (("panicnil", "1"),),
    )


def test_an_empty_one_is_fine() -> None:
    assert parse(b"") == GoWork()


@pytest.mark.parametrize(
    "text",
    [
        "go 1.21\ngo 1.22",
        "toolchain go1.21\ntoolchain go1.22",
        "go",
        "go v1.21",
        "go (\n1.21\n)",
        "use a b",
        "use",
        "use x (\n./a\n)",
        'use "a',
        "require example.com/x v1.0.0",
        "module example.com/x",
        "replace example.com/x => y",
        "godebug x",
    ],
)
def test_what_is_wrong_is_refused_as_a_go_work(text) -> None:
    with pytest.raises(MalformedError) as caught:
        parse(text.encode())
    assert caught.value.what == "go.work"


def test_there_is_a_limit() -> None:
    with pytest.raises(TooLargeError):
        parse(b"\n" * (MAX_GO_WORK_BYTES + 1))
