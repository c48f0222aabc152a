"""Which store a bucket has: ``store.json``, as in a store's folder.

It is created where none is, after the local folder has its own. A bucket with an id and
a folder without one, or with another, do not belong together; a folder with an id and a
bucket without one are a run that was killed in its beginning, if the bucket has no more
than such a run leaves.
"""

from __future__ import annotations

from pathlib import Path

from gosync.errors import IdentityError, ObjectChangedError, ObjectMissingError
from gosync.hint import advise, command
from gosync.store.identity import format_store_id, parse_store_id, read_store_id
from gosync.store.layout import IDENTITY, JOURNAL
from gosync.store.objects.bucket import Bucket
from gosync.store.objects.lease import LEASE_KEY, OWNERS_PREFIX
from gosync.store.objects.proof import PROOF_PREFIX

_MAX_BYTES = 4096
_AT_FIRST = frozenset({OWNERS_PREFIX, PROOF_PREFIX})


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
    if theirs and not ours:
        raise IdentityError(
            f"{bucket.name}: there is a store, and {local} has no catalog of it",
            hint=advise("run {} to bring it here", command("restore")),
        )
    if theirs and theirs != ours:
        raise IdentityError(
            f"{bucket.name}: there is another store than the one in {local}",
            hint="correct store.path or store.local",
        )
    if not theirs and not _is_begun(bucket, by_us=bool(ours)):
        raise IdentityError(
            f"{bucket.name}: there is something, and no store of gosync's",
            hint="give it a prefix of its own in store.path: s3://bucket/prefix",
        )


def _is_begun(bucket: Bucket, *, by_us: bool) -> bool:
    """Return whether a bucket has nothing but what a run begins with.

    Args:
        bucket: Which.
        by_us: Whether the local folder has an id already: then the run that was killed
            was ours, and may have come as far as the journal.
    """
    found = bucket.list_folder()
    folders = _AT_FIRST | ({JOURNAL} if by_us else set())
    names = {info.key for info in found.objects}
    # Some services list a folder for a while after its last object is gone.
    return names <= {LEASE_KEY} and not any(
        any(bucket.list(folder)) for folder in found.folders if folder not in folders
    )


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
