"""Records: their grammar, and the lines taken from them."""

from __future__ import annotations

import pytest

from gosync.errors import MalformedError, RecordMismatchError
from gosync.gomod.module import ModuleVersion
from gosync.sumdb.record import (
    MAX_LOOKUP_BYTES,
    Record,
    format_record,
    parse_record,
    parse_record_lines,
)
from tests.unit.sumdb.memorylog import H1

MV = ModuleVersion("example.com/m", "v1.2.3")
ZIP_LINE, MOD_LINE = f"example.com/m v1.2.3 {H1}", f"example.com/m v1.2.3/go.mod {H1}"
OTHER_H1 = "h1:" + "x" * 42 + "w="
TEXT = f"{ZIP_LINE}\n{MOD_LINE}\n".encode()


def lines_of(*lines):
    return parse_record_lines("".join(f"{line}\n" for line in lines).encode(), MV)


def test_a_record_splits_at_its_first_blank_line():
    assert parse_record(b"7\n" + TEXT + b"\nnote\n\nsigned\n") == Record(
        7, TEXT, b"note\n\nsigned\n"
    )


def test_a_record_formats_back():
    assert parse_record(format_record(0, TEXT)) == Record(0, TEXT, b"")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"7",
        b"7\n",
        b"7\n\n",
        b"7\n\n\n",
        b"7\n" + TEXT,
        b"\n" + TEXT + b"\n",
        b"-1\n" + TEXT + b"\n",
        b"+1\n" + TEXT + b"\n",
        b"01\n" + TEXT + b"\n",
        b"1 \n" + TEXT + b"\n",
        b"9223372036854775808\n" + TEXT + b"\n",
        b"1\n\n" + TEXT + b"\n",
        b"1\na\tb\n\n",
        b"1\na\r\n\n",
        b"1\na\xff\n\n",
        b"<html>\n<body>\n\n",
        b"1\n" + b"a" * MAX_LOOKUP_BYTES + b"\n\n",
    ],
)
def test_what_is_no_record_is_malformed(data):
    with pytest.raises(MalformedError):
        parse_record(data)


@pytest.mark.parametrize("text", [b"", b"\n", b"a", b"a\n\n", b"\na\n", b"a\n\nb\n"])
def test_a_text_that_would_not_parse_back_is_not_formatted(text):
    with pytest.raises(MalformedError):
        format_record(1, text)


def test_both_lines_are_found():
    found = lines_of(ZIP_LINE, MOD_LINE)
    assert (found.zip_h1, found.mod_h1) == (H1, H1)
    assert found.lines == (ZIP_LINE, MOD_LINE)


def test_other_algorithms_and_other_modules_are_passed_over():
    more = f"example.com/m v1.2.3 h2:{'A' * 43}="
    other = f"example.com/mm v1.2.3 {OTHER_H1}"
    found = lines_of(more, other, ZIP_LINE, MOD_LINE)
    assert found.zip_h1 == H1
    assert found.lines == (more, ZIP_LINE, MOD_LINE)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [ZIP_LINE],
        [MOD_LINE],
        [ZIP_LINE.replace("m v", "n v"), MOD_LINE],
        [ZIP_LINE.replace("v1.2.3", "v1.2.4"), MOD_LINE.replace("v1.2.3", "v1.2.4")],
        [ZIP_LINE.replace("h1:", "h2:"), MOD_LINE],
        [ZIP_LINE, MOD_LINE.replace("h1:", "h2:")],
        [" " + ZIP_LINE, MOD_LINE],
        [ZIP_LINE.replace(" h1", "  h1"), MOD_LINE],
    ],
)
def test_a_record_that_lacks_a_line_proves_nothing(lines):
    with pytest.raises(RecordMismatchError, match="no line"):
        lines_of(*lines)


def test_two_hashes_for_one_line_prove_nothing():
    second = ZIP_LINE.replace(H1, OTHER_H1)
    with pytest.raises(RecordMismatchError, match="several"):
        lines_of(ZIP_LINE, second, MOD_LINE)
    assert lines_of(ZIP_LINE, ZIP_LINE, MOD_LINE).zip_h1 == H1


@pytest.mark.parametrize(
    "h1", ["h1:", "h1:x", H1 + " ", H1[:-1], "h1:" + "A" * 86 + "=="]
)
def test_a_line_whose_hash_is_none_proves_nothing(h1):
    with pytest.raises(RecordMismatchError, match="malformed"):
        lines_of(ZIP_LINE.replace(H1, h1), MOD_LINE)
