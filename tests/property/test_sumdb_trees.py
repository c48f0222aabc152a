"""Random trees: proofs and tiles against the naive oracle."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gosync.errors import RecordMismatchError, SecurityError
from gosync.sumdb.merkle import (
    check_tree,
    prove_record,
    prove_tree,
    tree_proof_indexes,
)
from gosync.sumdb.proof import ProvenTiles, hashes_of
from gosync.sumdb.tile import (
    consistency_tiles,
    index_tiles,
    tree_tiles,
)
from gosync.sumdb.tlog import Tree, stored_hash_index, subtree_indexes, tree_hash
from tests.recordproof import check_record
from tests.recordtiles import record_tiles
from tests.tiers import examples
from tests.unit.sumdb.memorylog import Oracle, leaf

SIZE = 1500
ORACLE = Oracle([leaf(b"record %d\n" % k) for k in range(SIZE)])
STORED = ORACLE.stored(SIZE)
LARGE = st.integers(1, 2**40)


def read(indexes):
    return [STORED[index] for index in indexes]


def pair(largest: int) -> st.SearchStrategy[tuple[int, int]]:
    """A tree's size, and one inside it."""
    sizes = st.integers(1, largest)
    return sizes.flatmap(lambda n: st.tuples(st.just(n), st.integers(1, n)))


@given(pair(SIZE))
def test_record_proofs_are_the_oracles_and_hold(sizes):
    n, record_id = sizes[0], sizes[1] - 1
    proof = prove_record(n, record_id, read)
    assert proof == ORACLE.path(record_id, 0, n)
    check_record(proof, n, ORACLE.root(0, n), record_id, ORACLE.leaves[record_id])


@given(pair(SIZE))
def test_tree_proofs_are_the_oracles_and_hold(sizes):
    n, old = sizes
    proof = prove_tree(n, old, read)
    assert proof == ORACLE.subproof(old, 0, n, whole=True)
    check_tree(proof, n, ORACLE.root(0, n), old, ORACLE.root(0, old))


@given(pair(SIZE), st.data())
def test_a_changed_record_proof_does_not_hold(sizes, data):
    n, record_id = sizes[0], sizes[1] - 1
    proof = [*prove_record(n, record_id, read), ORACLE.leaves[record_id]]
    position = data.draw(st.integers(0, len(proof) - 1))
    bit = data.draw(st.integers(0, 255))
    changed = bytearray(proof[position])
    changed[bit // 8] ^= 1 << bit % 8
    proof[position] = bytes(changed)
    *siblings, leaf_hash = proof
    with pytest.raises(RecordMismatchError):
        check_record(siblings, n, ORACLE.root(0, n), record_id, leaf_hash)


@given(pair(SIZE), st.binary(min_size=32, max_size=32))
def test_no_other_old_root_is_proven(sizes, other):
    n, old = sizes
    with pytest.raises(SecurityError):
        check_tree(prove_tree(n, old, read), n, ORACLE.root(0, n), old, other)


@settings(max_examples=examples(50))
@given(pair(SIZE), st.data())
def test_hashes_out_of_tiles_are_the_oracles_and_no_forged_tile_passes(sizes, data):
    n, old = sizes
    view = ProvenTiles(Tree(n, ORACLE.root(0, n)))
    record_id = data.draw(st.integers(0, n - 1))
    indexes = [stored_hash_index(0, record_id), *subtree_indexes(0, old)]
    plan = view.plan([view.tile_of(index) for index in indexes])
    assert list(plan.fetch) == index_tiles(n, indexes)
    tiles = {tile: ORACLE.tile(tile) for tile in plan.fetch}
    forged = data.draw(st.sampled_from(plan.fetch))
    position = data.draw(st.integers(0, forged.size_bytes - 1))
    wrong = bytearray(tiles[forged])
    wrong[position] ^= data.draw(st.integers(1, 255))
    assert forged in view.check(plan, {**tiles, forged: bytes(wrong)})
    assert view.check(plan, tiles) == frozenset()
    hashes = hashes_of(view, view.accept(plan, tiles), indexes)
    assert hashes[indexes[0]] == ORACLE.leaves[record_id]
    old_root = tree_hash(old, lambda want: [hashes[index] for index in want])
    assert old_root == ORACLE.root(0, old)


@given(LARGE, st.data())
def test_a_trees_tiles_are_the_union_of_what_its_clients_ask_for(n, data):
    ids = data.draw(st.lists(st.integers(0, n - 1), max_size=5))
    old_sizes = data.draw(st.lists(st.integers(0, n), max_size=3))
    want = set(consistency_tiles(0, n))
    for record_id in ids:
        want.update(record_tiles(n, record_id))
    for old in old_sizes:
        want.update(consistency_tiles(old, n))
    assert tree_tiles(n, ids, old_sizes) == sorted(want)


@given(pair(2**40))
def test_the_proof_of_a_fork_needs_no_tiles_beyond_those_that_found_it(sizes):
    n, old = sizes
    indexes = [*subtree_indexes(0, old), *tree_proof_indexes(n, old)]
    assert index_tiles(n, indexes) == consistency_tiles(old, n)
