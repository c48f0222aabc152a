"""The trusted head moves forward only; a contradiction is a fork."""

from __future__ import annotations

import base64

import pytest

from gosync.errors import ForkError
from gosync.sumdb.merkle import check_tree
from gosync.sumdb.note import parse_verifier_key, sign_note
from gosync.sumdb.treehead import open_head
from gosync.sumdb.trusted import Timeline, TrustedTree
from tests.unit.sumdb.memorylog import MemoryLog

LOG, FORK = MemoryLog(300), MemoryLog(300, salt="fork")
VERIFIER = parse_verifier_key(LOG.vkey)


def head(log, n, extra=b""):
    return open_head(log.head(n, extra), VERIFIER)


def merge(trusted, new, log=LOG):
    question = trusted.question(new)
    stored = log.oracle.stored(question.tree.n)
    allowed = set(question.indexes)

    def read(indexes):
        assert allowed.issuperset(indexes)
        return [stored[index] for index in indexes]

    return trusted.merge(new, read)


def test_the_first_head_is_trusted():
    trusted = TrustedTree()
    assert trusted.head is None
    assert merge(trusted, head(LOG, 20)) is Timeline.FUTURE
    assert trusted.head == head(LOG, 20)


def test_the_same_tree_changes_nothing_whatever_note_it_comes_in():
    trusted = TrustedTree(head(LOG, 20))
    assert merge(trusted, head(LOG, 20, b"more\n")) is Timeline.SAME
    assert trusted.head == head(LOG, 20)


@pytest.mark.parametrize(("old", "new"), [(1, 2), (20, 21), (20, 300), (256, 257)])
def test_a_newer_tree_with_the_same_beginning_is_the_future(old, new):
    trusted = TrustedTree(head(LOG, old))
    assert merge(trusted, head(LOG, new)) is Timeline.FUTURE
    assert trusted.head == head(LOG, new)


@pytest.mark.parametrize(("old", "new"), [(2, 1), (300, 20), (257, 256), (300, 0)])
def test_an_older_tree_that_is_the_beginning_is_the_past(old, new):
    trusted = TrustedTree(head(LOG, old))
    assert merge(trusted, head(LOG, new)) is Timeline.PAST
    assert trusted.head == head(LOG, old)


def test_an_empty_tree_can_be_trusted_and_grows():
    trusted = TrustedTree()
    assert merge(trusted, head(LOG, 0)) is Timeline.FUTURE
    assert merge(trusted, head(LOG, 0)) is Timeline.SAME
    assert merge(trusted, head(LOG, 5)) is Timeline.FUTURE


def fork_of(trusted, new, log):
    before = trusted.head
    with pytest.raises(ForkError) as caught:
        merge(trusted, new, log)
    assert trusted.head == before
    assert caught.value.old_note == before.note
    assert caught.value.new_note == new.note
    return [base64.b64decode(line) for line in caught.value.proof]


def test_a_newer_tree_with_another_beginning_is_a_fork_with_its_proof():
    old, new = head(LOG, 20), head(FORK, 299)
    claimed, *proof = fork_of(TrustedTree(old), new, FORK)
    assert claimed != old.tree.hash
    check_tree(proof, 299, new.tree.hash, 20, claimed)


def test_an_older_tree_with_another_content_is_a_fork_not_the_past():
    old, new = head(LOG, 299), head(FORK, 20)
    claimed, *proof = fork_of(TrustedTree(old), new, LOG)
    assert claimed != new.tree.hash
    check_tree(proof, 299, old.tree.hash, 20, claimed)


def test_two_trees_of_one_size_are_a_fork():
    new = head(FORK, 20)
    assert fork_of(TrustedTree(head(LOG, 20)), new, FORK) == [new.tree.hash]


def test_an_empty_tree_has_one_hash_only():
    signed = LOG.head(300).split(b"\n\n")[0].replace(b"\n300\n", b"\n0\n") + b"\n"
    wrong = open_head(sign_note(signed, [LOG.signer]), VERIFIER)
    with pytest.raises(ForkError):
        merge(TrustedTree(), wrong)
    with pytest.raises(ForkError):
        merge(TrustedTree(head(LOG, 5)), wrong)
