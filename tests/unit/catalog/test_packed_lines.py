"""Columns are packed and read as they were, whole or a line at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosync.catalog.packed_lines import ColumnReader, pack_lines
from gosync.errors import MalformedError

_CHARACTERS = st.characters(exclude_characters="\n", exclude_categories=["Cs"])
_VALUES = st.lists(st.text(_CHARACTERS), min_size=1)
_MANY = [f"number {number} é" * (number % 3) for number in range(200)]


@given(_VALUES | st.just(_MANY))
def test_lines_are_read_as_they_were_packed(values: list[str]) -> None:
    lines = ColumnReader().read(pack_lines(values))
    assert lines.all() == values
    place = 0
    for number, value in enumerate(values):
        assert lines[number] == value
        assert lines.number_at(place) == number
        assert lines.text.startswith(value, place)
        place += len(value) + 1
    with pytest.raises(IndexError):
        lines[len(values)]


def test_a_reader_reads_one_column_after_the_other() -> None:
    reader = ColumnReader()
    long = ["x" * 1000] * 3000
    first, second = reader.read(pack_lines(long)), reader.read(pack_lines(["a", "b"]))
    assert first.all() == long
    assert second.all() == ["a", "b"]
    assert reader.read(pack_lines([*long, "y"])).all() == [*long, "y"]


def test_threads_that_share_a_reader_read_their_own_columns() -> None:
    reader, letters = ColumnReader(), "abcdefgh"
    columns = {letter: pack_lines([letter * 50] * 20_000) for letter in letters}

    def differs(letter: str) -> bool:
        read = [reader.read(columns[letter]).text for _ in range(20)]
        return any(set(text) != {letter, "\n"} for text in read)

    with ThreadPoolExecutor(len(letters)) as pool:
        assert not any(pool.map(differs, letters))


def test_a_value_of_several_lines_is_refused() -> None:
    with pytest.raises(MalformedError, match="more than one line"):
        pack_lines(["a", "b\nc"])


_STARTS, _FRAME = msgspec.msgpack.decode(pack_lines(_MANY), type=tuple[bytes, bytes])
_HUGE = bytes.fromhex("28b52ffde0ffffffffffffff7f010000")  # says 2^63 bytes


@pytest.mark.parametrize(
    "column",
    [
        b"",
        b"\x00",
        msgspec.msgpack.encode((_STARTS, b"")),
        msgspec.msgpack.encode((_STARTS, b"no frame")),
        msgspec.msgpack.encode((_STARTS, _FRAME[:-10])),
        msgspec.msgpack.encode((_STARTS, _HUGE)),
        msgspec.msgpack.encode((_STARTS[:-1], _FRAME)),
        msgspec.msgpack.encode((_STARTS,)),
    ],
)
def test_what_is_damaged_is_told_as_such(column: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):  # of msgspec's, too
        ColumnReader().read(column)
