"""Hashes, their storage order, and tree heads."""

from __future__ import annotations

import hashlib

import pytest

from gosync.errors import MalformedError
from gosync.sumdb.tlog import (
    EMPTY_TREE_HASH,
    Tree,
    format_tree,
    node_hash,
    parse_tree,
    record_hash,
    split_stored_hash_index,
    stored_hash_count,
    stored_hash_index,
    tree_hash,
)
from tests.unit.sumdb.memorylog import Oracle, leaf

LEAVES = [leaf(b"record %d\n" % k) for k in range(300)]
ORACLE = Oracle(LEAVES)
STORED = ORACLE.stored(300)
HASH = hashlib.sha256(b"x").digest()
HEAD = format_tree(Tree(300, HASH))


def read(indexes):
    return [STORED[index] for index in indexes]


def test_hashes_are_those_of_rfc_6962():
    assert record_hash(b"") == bytes.fromhex(
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )
    assert node_hash(HASH, HASH) == hashlib.sha256(b"\x01" + HASH + HASH).digest()
    assert hashlib.sha256().digest() == EMPTY_TREE_HASH


def test_storage_indexes_are_dense_and_split_back():
    places = [split_stored_hash_index(index) for index in range(1000)]
    assert len(set(places)) == 1000
    assert [stored_hash_index(*place) for place in places] == list(range(1000))
    assert places[:8] == [
        (0, 0),
        (0, 1),
        (1, 0),
        (0, 2),
        (0, 3),
        (1, 1),
        (2, 0),
        (0, 4),
    ]


def test_storage_indexes_are_right_in_large_logs():
    for level, n in [(0, 65209735), (8, 254725), (16, 994), (40, 3), (0, 2**62)]:
        assert split_stored_hash_index(stored_hash_index(level, n)) == (level, n)


def test_a_negative_index_is_the_callers_mistake():
    with pytest.raises(ValueError):
        split_stored_hash_index(-1)


def test_the_oracle_stores_as_many_hashes_as_are_counted():
    assert stored_hash_count(300) == len(STORED)


def test_tree_hashes_are_the_oracles():
    for n in range(301):
        assert tree_hash(n, read) == ORACLE.root(0, n)


def test_a_tree_head_is_three_lines():
    assert HEAD.split(b"\n")[:2] == [b"go.sum database tree", b"300"]
    assert parse_tree(HEAD) == Tree(300, HASH)


def test_extra_lines_of_a_tree_head_are_ignored():
    assert parse_tree(HEAD + b"later\n\nmore") == Tree(300, HASH)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        HEAD[:-1],
        HEAD[1:],
        HEAD.replace(b"tree", b"tree v2"),
        HEAD.replace(b"300", b"0300"),
        HEAD.replace(b"300", b"+300"),
        HEAD.replace(b"300", b"-300"),
        HEAD.replace(b"300", b" 300"),
        HEAD.replace(b"300", b"3_00"),
        HEAD.replace(b"300", b""),
        HEAD.replace(b"300", b"9223372036854775808"),
        HEAD.replace(b"300", b"9" * 5000),
        HEAD.replace(b"300", "\uff13".encode()),
        HEAD.replace(b"=", b""),
        HEAD.replace(b"=\n", b"==\n"),
        HEAD.replace(b"\n", b"\r\n"),
        HEAD + b"x" * 1_000_001,
    ],
)
def test_what_is_no_tree_head_is_malformed(text):
    with pytest.raises(MalformedError):
        parse_tree(text)


def test_the_largest_tree_parses():
    text = HEAD.replace(b"300", b"9223372036854775807")
    assert parse_tree(text).n == 2**63 - 1
