"""Record proofs and tree proofs, against the oracle's."""

from __future__ import annotations

import pytest

from gosync.errors import RecordMismatchError, SecurityError
from gosync.sumdb.merkle import (
    check_tree,
    prove_record,
    prove_tree,
    tree_proof_indexes,
)
from tests.recordproof import check_record
from tests.unit.sumdb.memorylog import Oracle, leaf

SIZE = 70
LEAVES = [leaf(b"record %d\n" % k) for k in range(SIZE)]
ORACLE = Oracle(LEAVES)
STORED = ORACLE.stored(SIZE)


def read(indexes):
    return [STORED[index] for index in indexes]


def root(n):
    return ORACLE.root(0, n)


def test_every_record_proof_of_small_trees_is_the_oracles_and_checks():
    for n in range(1, SIZE + 1):
        for record_id in range(n):
            proof = prove_record(n, record_id, read)
            assert proof == ORACLE.path(record_id, 0, n)
            check_record(proof, n, root(n), record_id, LEAVES[record_id])


def test_every_tree_proof_of_small_trees_is_the_oracles_and_checks():
    for n in range(1, SIZE + 1):
        for old in range(1, n + 1):
            proof = prove_tree(n, old, read)
            assert proof == ORACLE.subproof(old, 0, n, whole=True)
            assert len(tree_proof_indexes(n, old)) >= len(proof)
            check_tree(proof, n, root(n), old, root(old))


def test_a_record_proof_holds_for_nothing_else():
    proof = prove_record(50, 20, read)
    right = (proof, 50, root(50), 20, LEAVES[20])
    for k, wrong in [
        (0, proof[:-1]),
        (0, [*proof, root(3)]),
        (0, proof[::-1]),
        (1, 70),
        (1, 20),
        (1, 0),
        (2, root(51)),
        (3, 21),
        (3, 50),
        (3, -1),
        (4, LEAVES[21]),
    ]:
        arguments = [*right[:k], wrong, *right[k + 1 :]]
        with pytest.raises(RecordMismatchError):
            check_record(*arguments)


def test_a_tree_proof_holds_for_nothing_else():
    proof = prove_tree(50, 20, read)
    right = (proof, 50, root(50), 20, root(20))
    for k, wrong in [
        (0, proof[:-1]),
        (0, [*proof, root(3)]),
        (0, proof[::-1]),
        (0, []),
        (1, 70),
        (1, 19),
        (2, root(51)),
        (3, 21),
        (3, 0),
        (3, 51),
        (4, root(21)),
    ]:
        arguments = [*right[:k], wrong, *right[k + 1 :]]
        with pytest.raises(SecurityError):
            check_tree(*arguments)


def test_a_tree_begins_with_itself_only():
    assert prove_tree(33, 33, read) == []
    check_tree([], 33, root(33), 33, root(33))
    with pytest.raises(SecurityError):
        check_tree([], 33, root(33), 33, root(32))


@pytest.mark.parametrize(("n", "old"), [(5, 0), (5, 6), (0, 0)])
def test_there_is_no_proof_of_a_tree_outside(n, old):
    with pytest.raises(ValueError):
        prove_tree(n, old, read)


@pytest.mark.parametrize("record_id", [-1, 5, 6])
def test_there_is_no_proof_of_a_record_outside(record_id):
    with pytest.raises(ValueError):
        prove_record(5, record_id, read)
