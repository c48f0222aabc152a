"""Which store a bucket has: ``store.json``, as in a store's folder.

It is created where none is, after the local folder has its own. A bucket with an id and
a folder without one, or with another, do not belong together; a folder with an id and a
bucket without one are a run that was killed in its beginning, if the bucket is empty.
"""

from __future__ import annotations

from pathlib import Path

from gosync.errors import IdentityError, ObjectChangedError, ObjectMissingError
from gosync.hint import advise, command
from gosync.store.identity import format_store_id, parse_store_id, read_store_id
from gosync.store.layout import IDENTITY
from gosync.store.objects.bucket import Bucket

_MAX_BYTES = 4096


def read_bucket_store(bucket: Bucket) -> str:
    """Return the id of the store that a bucket has, "" for none.

    Raises:
        StoreError: the bucket refuses.
    """
    try:
        return parse_store_id(bucket.get(IDENTITY, limit_bytes=_MAX_BYTES).data)
    except ObjectMissingError:
        return ""


def check_bucket(bucket: Bucket, local: Path) -> None:
    """Check that a bucket and a local folder are of one store, or both of none.

    Raises:
        IdentityError: they are not.
        StoreError: bucket or disk refuse.
    """
    theirs, ours = read_bucket_store(bucket), read_store_id(local)
    if theirs == ours:
        return
    if theirs and not ours:
        raise IdentityError(
            f"{bucket.name}: there is a store, and {local} has no catalog of it",
            hint=advise("run {} to bring it here", command("restore")),
        )
    if theirs:
        raise IdentityError(
            f"{bucket.name}: there is another store than the one in {local}",
            hint="correct store.path or store.local",
        )
    if not is_empty(bucket):
        raise IdentityError(
            f"{bucket.name}: there is something, and no store of gosync's",
            hint="give it a prefix of its own in store.path: s3://bucket/prefix",
        )


def is_empty(bucket: Bucket) -> bool:
    """Return whether a bucket has nothing but traces of a run's beginning.

    Raises:
        StoreError: the bucket refuses.
    """
    found = bucket.list_folder()
    return not found.objects and {"owners", "proof"}.issuperset(found.folders)


def claim_bucket(bucket: Bucket, store: str) -> None:
    """Write a store's id into a bucket that has none.

    Raises:
        IdentityError: it has another's by now.
        StoreError: the bucket refuses.
    """
    try:
        bucket.create(IDENTITY, format_store_id(store))
    except ObjectChangedError:
        if read_bucket_store(bucket) != store:
            raise IdentityError(
                f"{bucket.name}: another store was begun there meanwhile",
                hint="give each store a prefix of its own in store.path",
            ) from None
