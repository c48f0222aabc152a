"""Proof that a service holds to conditions: it is made to race against itself.

Not every service that speaks S3 looks at ``If-None-Match`` and ``If-Match``; some take
the headers and write all the same. So several threads create one object, and others
swap another one from one ETag: of each race one must win, and what was swapped is stale
afterwards. The races run side by side, since a service may let the losers of one wait
for a second.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from gosync.errors import (
    BucketAwayError,
    BucketDeniedError,
    NoSpaceError,
    ObjectChangedError,
    StoreError,
)
from gosync.store.objects.bucket import Bucket

PROOF_PREFIX = "proof"
_RACERS = 4


def keeps_conditions(bucket: Bucket) -> bool:
    """Return whether of those who write under a condition one wins, and no more.

    Raises:
        StoreError: the bucket cannot be written, or does not answer.
    """
    name = secrets.token_hex(8)
    created, swapped = (f"{PROOF_PREFIX}/{name}-{each}" for each in ("new", "swap"))
    try:
        with ThreadPoolExecutor(2) as pool:
            races = (
                pool.submit(_one_creates, bucket, created),
                pool.submit(_one_swaps, bucket, swapped),
            )
        return all(race.result() for race in races)
    except (BucketAwayError, BucketDeniedError, NoSpaceError):
        raise
    except StoreError:
        return False  # it does not know such headers
    finally:
        bucket.delete([created, swapped])


def _one_creates(bucket: Bucket, key: str) -> bool:
    return _winners(lambda data: bucket.create(key, data)) == 1


def _one_swaps(bucket: Bucket, key: str) -> bool:
    """Return whether one swaps the object, and nobody from the ETag that is stale."""
    bucket.put(key, secrets.token_bytes(16))
    seen = bucket.get(key).etag
    first, late = (
        _winners(lambda data: bucket.replace(key, data, etag=seen)) for _ in range(2)
    )
    return (first, late) == (1, 0)


def _winners(write: Callable[[bytes], str]) -> int:
    """Let several threads write at the same time; return how many did."""
    contents = [secrets.token_bytes(16) for _ in range(_RACERS)]
    with ThreadPoolExecutor(_RACERS) as pool:
        return sum(pool.map(lambda data: _wins(write, data), contents))


def _wins(write: Callable[[bytes], str], data: bytes) -> bool:
    try:
        write(data)
    except ObjectChangedError:
        return False
    return True
