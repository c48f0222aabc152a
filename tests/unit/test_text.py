"""Text that any terminal and any encoder takes."""

from __future__ import annotations

import json
import os

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gosync.text import encode_json, indented_json, printable, shown


def test_bytes_that_are_no_utf8_are_shown_escaped():
    assert shown(os.fsdecode(b"gr\xf6\xdfe")) == r"gr\xf6\xdfe"
    assert printable("a\x1b[31m\n" + os.fsdecode(b"\xff")) == r"a\x1b[31m\n\xff"


def test_text_that_encodes_is_left_alone():
    assert shown("größe 日本") == "größe 日本"


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_anything_is_shown_as_something_that_encodes(text: str):
    shown(text).encode()
    assert printable(text).isprintable()
    assert json.loads(encode_json({"a": [text]})) == {"a": [shown(text)]}


def test_a_struct_with_such_a_name_is_encoded_too():
    class Row(msgspec.Struct):
        name: str

    assert encode_json([Row(os.fsdecode(b"\xff"))]) == rb'[{"name":"\\xff"}]'


@pytest.mark.parametrize("count", [0, 1, 2_000, 2_001, 4_000, 4_001])
def test_json_by_parts_is_the_json_of_the_whole(count: int):
    rows = [{"n": n, "text": "a\nb", "more": [[], {}]} for n in range(count)]
    document: dict[str, object] = {"rows": rows, "empty": {}, "of": {"rows": rows[:2]}}
    for each in (document, {}):
        whole = msgspec.json.format(msgspec.json.encode(each), indent=2)
        assert b"".join(indented_json(each)) == whole


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001, 2500])
def test_an_iterator_is_written_as_the_list_of_what_it_yields(count):
    items = [{"n": n, "text": "a\nb"} for n in range(count)]
    whole = msgspec.json.format(encode_json({"a": 1, "items": items}), indent=2)
    assert b"".join(indented_json({"a": 1, "items": iter(items)})) == whole
