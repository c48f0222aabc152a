"""Any bytes into any parser: a value that formats back, or MalformedError."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gosync.errors import MalformedError, SignatureError
from gosync.sumdb.names import parse_gosumdb
from gosync.sumdb.note import (
    generate_key,
    open_note,
    parse_signer_key,
    parse_verifier_key,
    sign_note,
)
from gosync.sumdb.record import format_record, parse_record
from gosync.sumdb.tile import Tile, parse_tile_path
from gosync.sumdb.tlog import (
    Tree,
    format_tree,
    parse_tree,
    split_stored_hash_index,
    stored_hash_index,
)

SKEY, VKEY = generate_key("sum.example.test", seed=b"p" * 32)
SIGNER, VERIFIER = parse_signer_key(SKEY), parse_verifier_key(VKEY)
NOTE = sign_note(format_tree(Tree(7, bytes(32))), [SIGNER])
RECORD = b"7\na v1 h1:x\nb\n\n" + NOTE


def edits(whole: bytes) -> st.SearchStrategy[bytes]:
    """A valid value with one piece replaced by other bytes."""
    piece = st.tuples(
        st.integers(0, len(whole)), st.integers(0, 6), st.binary(max_size=6)
    )
    return piece.map(lambda p: whole[: p[0]] + p[2] + whole[p[0] + p[1] :])


def near(whole: bytes) -> st.SearchStrategy[bytes]:
    return st.one_of(st.binary(max_size=200), edits(whole))


@given(near(NOTE))
@example(NOTE)
def test_any_bytes_are_a_note_or_malformed_or_not_signed(data):
    try:
        note = open_note(data, [VERIFIER])
    except (MalformedError, SignatureError):
        return
    assert data.startswith(note.text + b"\n")
    assert note.text == format_tree(Tree(7, bytes(32)))


@given(near(NOTE.split(b"\n\n")[0] + b"\n"))
def test_any_bytes_are_a_tree_head_or_malformed(data):
    try:
        tree = parse_tree(data)
    except MalformedError:
        return
    assert data.startswith(format_tree(tree))


@given(near(RECORD))
@example(RECORD)
def test_any_bytes_are_a_record_or_malformed(data):
    try:
        record = parse_record(data)
    except MalformedError:
        return
    assert format_record(record.id, record.text) + record.rest == data


@given(
    st.one_of(
        st.text(max_size=40),
        near(b"tile/8/1/x001/234.p/5").map(lambda b: b.decode("latin-1")),
    )
)
def test_any_text_is_a_tile_path_or_malformed(path):
    try:
        tile = parse_tile_path(path)
    except MalformedError:
        return
    assert tile.path() == path


@given(st.integers(1, 30), st.integers(-1, 63), st.integers(0, 2**62), st.data())
def test_every_tile_has_one_path(h, level, n, data):
    tile = Tile(h, level, n, data.draw(st.integers(1, 1 << h)))
    assert parse_tile_path(tile.path()) == tile


@given(st.integers(0, 40), st.integers(0, 2**40))
def test_every_stored_hash_has_one_index(level, n):
    assert split_stored_hash_index(stored_hash_index(level, n)) == (level, n)


@pytest.mark.parametrize("parse", [parse_verifier_key, parse_signer_key, parse_gosumdb])
@given(data=st.one_of(near(VKEY.encode()), near(SKEY.encode()), st.binary(max_size=60)))
def test_any_text_is_a_key_or_malformed(parse, data):
    try:
        parse(data.decode("utf-8", "surrogateescape"))
    except MalformedError:
        return


@given(st.text(max_size=80))
def test_any_text_is_a_gosumdb_or_malformed(value):
    try:
        database = parse_gosumdb(value)
    except MalformedError:
        return
    assert database is None or database.name == database.verifier().name


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=50))
def test_any_signed_text_opens(line):
    text = line.encode() + b"\n"
    assert open_note(sign_note(text, [SIGNER]), [VERIFIER]).text == text
