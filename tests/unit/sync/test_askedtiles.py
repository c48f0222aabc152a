"""Which tree heads a web server's log asks for."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosync.errors import UsageError
from gosync.sumdb.tile import Tile
from gosync.sync.askedtiles import (
    MAX_LEAVES,
    AskedTiles,
    asked_heads,
    asked_tiles,
    read_log,
    request_lines,
)

NAME = "sum.example.org"
NGINX = (
    '10.0.0.1 - - [26/Nov/2026:10:00:00 +0000] "GET /sumdb/sum.example.org/{} HTTP/1.1"'
    ' 404 162 "-" "GoCommand/1"\n'
)


def heads(*lines: str) -> AskedTiles:
    return asked_heads(asked_tiles((line.encode() for line in lines), NAME))


def test_a_log_names_the_head_by_the_width_that_was_asked_for_first() -> None:
    lines = [
        NGINX.format("tile/8/0/x202/849.p/92"),
        NGINX.format("tile/8/0/x202/849"),
        NGINX.format("lookup/rsc.io/quote@v1.5.2"),
    ]
    assert heads(*lines) == AskedTiles(sizes=(202_849 * 256 + 92,))
    assert heads(*reversed(lines)) == heads(*lines)


def test_a_full_tile_alone_stands_for_any_head_that_ends_in_it() -> None:
    assert heads("/sumdb/sum.example.org/tile/8/0/007\n").sizes == (7 * 256 + 255,)


@pytest.mark.parametrize(
    "line",
    [
        "sumdb/sum.example.org/tile/8/0/012.p/3",
        "go: reading file:///srv/sumdb/sum.example.org/tile/8/0/012.p/3: no such",
        "go: reading https://mirror/base/sumdb/sum.example.org/tile/8/0/012.p/3: 404",
        '{"status":404,"uri":"/sumdb/sum.example.org/tile/8/0/012.p/3"}',
    ],
)
def test_any_line_will_do_that_has_the_path(line: str) -> None:
    assert heads(line).sizes == (12 * 256 + 3,)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "/sumdb/sum.other.org/tile/8/0/012.p/3",
        "/sumdb/sum.example.org/tile/9/0/012.p/3",
        "/sumdb/sum.example.org/tile/8/0/012.p/0",
        "/sumdb/sum.example.org/tile/8/0/x000/012",
        "/sumdb/sum.example.org/tile/8/99/012",
        "/sumdb/sum.example.org/tile/8/data/012",
        "/sumdb/sum.example.org/latest",
        "\xff\x00/sumdb/sum.example.org/tile/8/0/",
    ],
)
def test_what_is_no_tile_of_this_log_asks_for_nothing(line: str) -> None:
    assert heads(line) == AskedTiles()


def test_tiles_above_level_0_are_told_apart() -> None:
    assert heads("/sumdb/sum.example.org/tile/8/1/003.p/7") == AskedTiles(upper=True)


def test_a_log_may_not_ask_for_everything() -> None:
    asked = asked_heads(Tile(8, 0, number, 256) for number in range(MAX_LEAVES + 5))
    assert (len(asked.sizes), asked.left) == (MAX_LEAVES, 5)


def test_a_request_is_read_as_a_log_is(tmp_path: Path) -> None:
    leaves = [0, 5, 202_849]
    file = tmp_path / "request"
    file.write_text("".join(request_lines(leaves, NAME)))
    assert [size >> 8 for size in read_log(file, NAME).sizes] == leaves
    with pytest.raises(UsageError):
        read_log(tmp_path / "none", NAME)


@given(st.lists(st.binary(max_size=200)))
def test_no_bytes_are_too_odd(lines: list[bytes]) -> None:
    prefix = b"/sumdb/sum.example.org/tile/8/"
    asked_heads(asked_tiles([*lines, *(prefix + line for line in lines)], NAME))
