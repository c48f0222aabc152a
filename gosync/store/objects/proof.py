"""Proof that a service holds to conditions: it is made to race against itself.

Not every service that speaks S3 looks at ``If-None-Match`` and ``If-Match``; some take
the headers and write all the same. So several threads create one object, then swap it
from one ETag: of each race one must win, and what was swapped is stale afterwards.
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
    key = f"{PROOF_PREFIX}/{secrets.token_hex(8)}"
    try:
        return _race(bucket, key)
    except (BucketAwayError, BucketDeniedError, NoSpaceError):
        raise
    except StoreError:
        return False  # it does not know such headers
    finally:
        bucket.delete([key])


def _race(bucket: Bucket, key: str) -> bool:
    with ThreadPoolExecutor(_RACERS) as pool:

        def winners(write: Callable[[bytes], str]) -> int:
            contents = [secrets.token_bytes(16) for _ in range(_RACERS)]
            return sum(pool.map(lambda data: _wins(write, data), contents))

        if winners(lambda data: bucket.create(key, data)) != 1:
            return False
        seen = bucket.get(key).etag
        if winners(lambda data: bucket.replace(key, data, etag=seen)) != 1:
            return False
        return winners(lambda data: bucket.replace(key, data, etag=seen)) == 0


def _wins(write: Callable[[bytes], str], data: bytes) -> bool:
    try:
        write(data)
    except ObjectChangedError:
        return False
    return True
