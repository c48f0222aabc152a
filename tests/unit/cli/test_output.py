"""Results: tables as plain lines, and long documents that are streamed."""

from __future__ import annotations

import json

import msgspec
import pytest

from gosync.cli.output import Output
from gosync.cli.plaintable import table_lines

MANY = 2_500


@pytest.mark.parametrize("count", [0, 1, 999, 1_000, 1_001, MANY])
def test_a_streamed_document_is_the_same_as_a_whole_one(count, capsysbinary):
    output = Output(as_json=True)
    head = {"whole": count, "text": "a ö \n"}
    items = [{"number": number, "none": None, "in": [1]} for number in range(count)]

    output.result("list", {**head, "versions": items})
    whole = capsysbinary.readouterr().out
    output.stream("list", head, "versions", iter(items))

    assert capsysbinary.readouterr().out == whole
    assert json.loads(whole)["type"] == "list"


def test_people_get_no_streamed_document(capsys):
    Output().stream("list", {}, "versions", [{"a": 1}])

    assert capsys.readouterr().out == ""


def test_columns_are_as_wide_as_their_widest_cell():
    rows = [("a.example/long", "v1.0.0"), ("b.example", "v1"), ("", "")]

    assert list(table_lines(("module", "version"), rows)) == [
        "module          version",
        "a.example/long  v1.0.0",
        "b.example       v1",
        "",
    ]


def test_wide_and_combining_characters_take_the_columns_that_they_have():
    rows = [("漢字", "x"), ("e\u0301", "x"), ("abcd", "x")]

    assert list(table_lines(("m", "v"), rows)) == [
        "m     v",
        "漢字  x",
        "e\u0301     x",
        "abcd  x",
    ]


def test_a_cell_cannot_begin_a_line_or_a_column():
    lines = list(table_lines(("module", "v"), [("a\nb\0c\x1b[1m", "v1")]))

    assert lines[1:] == [r"a\nb\x00c\x1b[1m  v1"]


def test_a_long_table_is_printed_whole(capsys):
    Output().table(("number", "text"), ((str(n), "text") for n in range(MANY)))

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "number  text"
    assert lines[-1] == f"{MANY - 1}    text"
    assert len(lines) == MANY + 1


def test_structs_are_documents_too(capsysbinary):
    class Head(msgspec.Struct):
        count: int

    Output(as_json=True).stream("list", Head(0), "versions", [])

    assert json.loads(capsysbinary.readouterr().out) == {
        "schema": 1,
        "type": "list",
        "count": 0,
        "versions": [],
    }
