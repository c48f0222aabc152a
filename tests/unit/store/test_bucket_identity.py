"""A bucket and a local folder are of one store, or of a run killed at its begin."""

from __future__ import annotations

from pathlib import Path

import pytest

from gosync.errors import IdentityError
from gosync.store.identity import new_store_id, write_store_id
from gosync.store.objects.identity import (
    check_bucket,
    claim_bucket,
    read_bucket_store,
)
from gosync.store.root import open_store
from tests.contract.memorybucket import MemoryBucket, MemoryService


@pytest.fixture
def bucket() -> MemoryBucket:
    return MemoryBucket(MemoryService(), "store")


@pytest.fixture
def local(tmp_path: Path) -> Path:
    open_store(tmp_path)
    return tmp_path


def test_both_of_one_store_or_of_none_go_together(
    bucket: MemoryBucket, local: Path
) -> None:
    check_bucket(bucket, local)
    store = new_store_id()
    write_store_id(local, store)
    check_bucket(bucket, local)
    claim_bucket(bucket, store)
    claim_bucket(bucket, store)
    assert read_bucket_store(bucket) == store
    check_bucket(bucket, local)


@pytest.mark.parametrize("key", ["lease.json", "proof/1", "owners/2.json"])
@pytest.mark.parametrize("has_id", [True, False])
def test_what_a_run_begins_with_does_not_stop_the_next(
    bucket: MemoryBucket, local: Path, key: str, *, has_id: bool
) -> None:
    bucket.put(key, b"{}")
    if has_id:
        write_store_id(local, new_store_id())
    check_bucket(bucket, local)


def test_a_journal_is_a_beginning_of_ours_alone(
    bucket: MemoryBucket, local: Path
) -> None:
    bucket.put("journal/00000001/000000000000.jsonl", b"{}\n")
    with pytest.raises(IdentityError, match="no store of gosync's"):
        check_bucket(bucket, local)
    write_store_id(local, new_store_id())
    check_bucket(bucket, local)


@pytest.mark.parametrize("key", ["index.html", "backups/a", "blobs/ab/cd"])
def test_somebody_else_s_objects_are_left_alone(
    bucket: MemoryBucket, local: Path, key: str
) -> None:
    bucket.put(key, b"x")
    with pytest.raises(IdentityError, match="no store of gosync"):
        check_bucket(bucket, local)


def test_another_store_is_refused(bucket: MemoryBucket, local: Path) -> None:
    claim_bucket(bucket, new_store_id())
    with pytest.raises(IdentityError, match="no catalog of it"):
        check_bucket(bucket, local)
    write_store_id(local, new_store_id())
    with pytest.raises(IdentityError, match="another store"):
        check_bucket(bucket, local)
    with pytest.raises(IdentityError, match="begun there meanwhile"):
        claim_bucket(bucket, new_store_id())
