"""Checks of the evidence of a store in a bucket: each file has the digest that is told.

As for a store in a folder, what is lost of evidence nobody can bring back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

from gosync.errors import MalformedError, ObjectMissingError
from gosync.store.layout import EVIDENCE, QUARANTINE
from gosync.store.objects.bucket import Bucket
from gosync.store.objects.quarantine import ObjectQuarantine
from gosync.verify.ownstore.files import parse_evidence_files
from gosync.verify.verdicts import CacheFinding, Fix, Verdict

_PIECE_BYTES: Final = 8 << 20


def evidence_findings(
    bucket: Bucket, quarantine: ObjectQuarantine
) -> Iterator[CacheFinding]:
    """Yield what is wrong with entries of the quarantine.

    Raises:
        StoreError: the bucket refuses.
    """
    for entry in quarantine.ids():
        path = f"{QUARANTINE}/{entry}"
        try:
            files = parse_evidence_files(quarantine.read(entry))
        except MalformedError as error:
            where = f"{path}/{EVIDENCE}"
            yield _finding(Verdict.CORRUPT, where, error.reason)
            continue
        for name, want in files.items():
            where = f"{path}/{name}"
            got = _digest_of(bucket, where)
            if got is None:
                reason = "missing, though evidence.json names it"
                yield _finding(Verdict.INCOMPLETE, where, reason)
            elif got != want:
                reason = "it does not have the digest that evidence.json names"
                yield _finding(Verdict.CORRUPT, where, reason)


def _digest_of(bucket: Bucket, key: str) -> str | None:
    """Return the digest of an object, None where there is none."""
    info = bucket.head(key)
    if info is None:
        return None
    found = hashlib.sha256()
    try:
        for offset in range(0, info.size_bytes, _PIECE_BYTES):
            found.update(bucket.get_range(key, offset, _PIECE_BYTES))
    except ObjectMissingError:
        return None
    return found.hexdigest()


def _finding(verdict: Verdict, path: str, reason: str) -> CacheFinding:
    # Nothing that a repair could do; and what is left of it is evidence still.
    return CacheFinding(verdict=verdict, path=path, reason=reason, fix=Fix.NOTHING)
