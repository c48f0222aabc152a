"""What a run keeps of the blobs of its bucket: in memory, and on the disk."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from gosync.errors import NoSpaceError
from gosync.store.digest import Digest, digest_of
from gosync.store.durable import sweep_temporary
from gosync.store.objects.keptblobs import KeptBlobs
from gosync.store.scratch import ScratchFolder
from gosync.store.staging import LocalStaged

_SIZE = 1000


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[KeptBlobs]:
    kept = KeptBlobs(10 * _SIZE, 100 * _SIZE, ScratchFolder(tmp_path))
    yield kept
    kept.close()


def _some(count: int, size: int = _SIZE) -> dict[Digest, bytes]:
    return {digest_of(data): data for data in map(secrets.token_bytes, [size] * count)}


def _read(kept: KeptBlobs, digest: Digest) -> bytes | None:
    blob = kept.open(digest)
    return None if blob is None else blob.read_at(0, blob.size_bytes)


def test_what_memory_has_no_room_for_is_on_the_disk_without_a_name(
    kept: KeptBlobs, tmp_path: Path
) -> None:
    blobs = _some(110)
    for digest, data in blobs.items():
        kept.add(digest, data)
    assert {digest: _read(kept, digest) for digest in blobs} == blobs
    assert not list(tmp_path.iterdir())


def test_beyond_both_the_one_that_came_first_goes_first(kept: KeptBlobs) -> None:
    blobs = _some(130)
    for digest, data in blobs.items():
        kept.add(digest, data)
    there = [digest for digest in blobs if _read(kept, digest) is not None]
    assert there == list(blobs)[20:]


def test_a_staged_file_is_kept_under_its_name_until_it_goes(
    kept: KeptBlobs, tmp_path: Path
) -> None:
    ((digest, data),) = _some(1, size=50 * _SIZE).items()
    staged = LocalStaged(tmp_path)
    staged.write(data)
    assert kept.add_staged(digest, staged)
    staged.settle()
    assert list(tmp_path.iterdir()) == [staged.path]
    assert not sweep_temporary(staged.path), "it is open"
    assert _read(kept, digest) == data
    blob = kept.open(digest)
    for small, content in _some(70).items():
        kept.add(small, content)
    assert _read(kept, digest) is None, "small ones took its room"
    assert not list(tmp_path.iterdir())
    assert blob is not None
    assert blob.read_at(0, len(data)) == data, "whoever has it open reads on"


def test_at_the_end_and_of_one_too_large_nothing_stays(
    kept: KeptBlobs, tmp_path: Path
) -> None:
    with LocalStaged(tmp_path) as large:
        large.write(bytes(101 * _SIZE))
        assert not kept.add_staged(large.digest, large)
    staged = LocalStaged(tmp_path)
    staged.write(b"data")
    assert kept.add_staged(staged.digest, staged)
    staged.settle()
    kept.close()
    assert not list(tmp_path.iterdir())


def test_what_is_dropped_or_too_large_is_not_there(kept: KeptBlobs) -> None:
    (large, data), (small, other) = (*_some(1, 11 * _SIZE).items(), *_some(1).items())
    kept.add(large, data)
    kept.add(small, other)
    kept.drop(small)
    assert _read(kept, large) is None
    assert _read(kept, small) is None


def test_a_full_disk_costs_what_would_be_there_alone() -> None:
    class Full(ScratchFolder):
        def scratch_file(self, *, memory_bytes: int = 0) -> object:  # type: ignore[override] # it gives none
            raise NoSpaceError(f"full, with {memory_bytes} in memory")

    kept = KeptBlobs(10 * _SIZE, 100 * _SIZE, Full(Path("/")))
    blobs = _some(20)
    for digest, data in blobs.items():
        kept.add(digest, data)
    there = [digest for digest in blobs if _read(kept, digest) is not None]
    assert there == list(blobs)[10:]
    kept.close()
