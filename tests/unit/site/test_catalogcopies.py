"""Copies of the catalog in a bucket: old ones are removed, and nothing else."""

from __future__ import annotations

from gosync.site.catalogcopies import LATEST, remove_old_copies
from tests.contract.memorybucket import MemoryBucket, MemoryService


def key(generation: int) -> str:
    return f"catalog/{generation:012d}-{'0f' * 8}.sqlite"


def test_only_old_copies_are_removed() -> None:
    bucket = MemoryBucket(MemoryService())
    foreign = {"catalog/000.sqlite", "catalog/notes/a", f"{key(1)}.bak"}
    for each in {*map(key, range(5)), *foreign, LATEST}:
        bucket.create(each, b"x")

    remove_old_copies(bucket, key(4))

    left = {each.key for each in bucket.list("catalog")}
    assert left == {key(3), key(4), *foreign, LATEST}
