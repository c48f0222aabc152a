"""Record proofs, checked: what tests hold the proofs of ``sumdb.merkle`` against."""

from __future__ import annotations

from collections.abc import Sequence

from gosync.errors import RecordMismatchError
from gosync.sumdb.merkle import _join, _record_steps


def check_record(
    proof: Sequence[bytes], n: int, root: bytes, record_id: int, leaf_hash: bytes
) -> None:
    """Check that the tree (``n``, ``root``) has ``leaf_hash`` at ``record_id``.

    Raises:
        RecordMismatchError: The proof does not show it.
    """
    if not 0 <= record_id < n:
        raise RecordMismatchError(f"record {record_id}: not in a tree of {n} records")
    steps = _record_steps(n, record_id)
    current = leaf_hash
    if len(steps) == len(proof):
        for step, sibling in zip(steps, proof, strict=True):
            current = _join(step, sibling, current)
        if current == root:
            return
    raise RecordMismatchError(
        f"record {record_id}: the proof does not lead to the root"
    )
