"""The two proofs of a transparency log (RFC 6962, section 2.1).

A record proof (2.1.1, "audit path") is the list of siblings from the record up to
the root: with the record hash they must give the root hash. A tree proof (2.1.2,
"consistency proof") shows that a tree begins with all records of an earlier one:
the hash of the subtree where the two trees meet, unless that is the whole old
tree, whose hash is known, then the siblings from there up. The same list must give
the old root and the new one. Both proofs have exactly one right length.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gosync.errors import SecurityError
from gosync.sumdb.tlog import HashReader, fold_subtrees, node_hash, subtree_indexes


def prove_record(n: int, record_id: int, read: HashReader) -> list[bytes]:
    """Return the proof that the tree of ``n`` records has record ``record_id``.

    Raises:
        ValueError: There is no such record in that tree.
    """
    if not 0 <= record_id < n:
        raise ValueError(f"no record {record_id} in a tree of {n}")
    return _range_hashes([(s.lo, s.hi) for s in _record_steps(n, record_id)], read)


def prove_tree(n: int, old_n: int, read: HashReader) -> list[bytes]:
    """Return the proof that the tree of ``n`` begins with that of ``old_n``.

    Raises:
        ValueError: Not 1 <= old_n <= n.
    """
    if not 1 <= old_n <= n:
        raise ValueError(f"no tree of {old_n} inside a tree of {n}")
    return _range_hashes(_tree_ranges(n, old_n), read)


def tree_proof_indexes(n: int, old_n: int) -> list[int]:
    """Return the storage indexes that ``prove_tree`` reads, 1 <= old_n <= n."""
    return [i for lo, hi in _tree_ranges(n, old_n) for i in subtree_indexes(lo, hi)]


def check_tree(
    proof: Sequence[bytes], n: int, root: bytes, old_n: int, old_root: bytes
) -> None:
    """Check that the tree (``n``, ``root``) begins with (``old_n``, ``old_root``).

    Raises:
        SecurityError: The proof does not show it.
    """
    message = f"tree of {n} records: not proven to begin with the tree of {old_n}"
    if not 1 <= old_n <= n or len(proof) != len(_tree_ranges(n, old_n)):
        raise SecurityError(message)
    steps, lo = _tree_steps(n, old_n)
    siblings = list(proof)
    # The subtree where the two trees meet: the whole old tree, or given.
    old = new = old_root if lo == 0 else siblings.pop(0)
    for step, sibling in zip(steps, siblings, strict=True):
        new = _join(step, sibling, new)
        if step.is_left:
            old = node_hash(sibling, old)
    if new != root or old != old_root:
        raise SecurityError(message)


class _Step(NamedTuple):
    """A sibling on the way to the root: the range [lo, hi), and on which side."""

    lo: int
    hi: int
    is_left: bool


def _join(step: _Step, sibling: bytes, current: bytes) -> bytes:
    if step.is_left:
        return node_hash(sibling, current)
    return node_hash(current, sibling)


def _split_point(lo: int, hi: int) -> int:
    """Return where a range splits: the largest power of two below its size."""
    return lo + (1 << (hi - lo - 1).bit_length() - 1)


def _record_steps(n: int, record_id: int) -> list[_Step]:
    """Return the siblings of a record, from the record up (RFC 6962, 2.1.1)."""
    lo, hi = 0, n
    steps = []
    while hi - lo > 1:
        middle = _split_point(lo, hi)
        if record_id < middle:
            steps.append(_Step(middle, hi, is_left=False))
            hi = middle
        else:
            steps.append(_Step(lo, middle, is_left=True))
            lo = middle
    return steps[::-1]


def _tree_steps(n: int, old_n: int) -> tuple[list[_Step], int]:
    """Return the siblings of the old tree's last subtree, and where that starts.

    RFC 6962, section 2.1.2: go down until a subtree ends where the old tree ends.
    """
    lo, hi = 0, n
    steps = []
    while hi != old_n:
        middle = _split_point(lo, hi)
        if old_n <= middle:
            steps.append(_Step(middle, hi, is_left=False))
            hi = middle
        else:
            steps.append(_Step(lo, middle, is_left=True))
            lo = middle
    return steps[::-1], lo


def _tree_ranges(n: int, old_n: int) -> list[tuple[int, int]]:
    """Return the ranges whose hashes make the tree proof, in its order."""
    steps, lo = _tree_steps(n, old_n)
    # From 0 on the meeting subtree is the old tree, whose hash is known.
    meeting = [] if lo == 0 else [(lo, old_n)]
    return meeting + [(step.lo, step.hi) for step in steps]


def _range_hashes(ranges: Sequence[tuple[int, int]], read: HashReader) -> list[bytes]:
    """Return the hash of each range, all read at once."""
    rows = [subtree_indexes(lo, hi) for lo, hi in ranges]
    hashes = iter(read([index for row in rows for index in row]))
    return [fold_subtrees([next(hashes) for _ in row]) for row in rows]
