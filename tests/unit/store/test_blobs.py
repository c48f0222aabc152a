"""Blobs: staged, admitted, read, and what debris and damage do."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from gosync.errors import (
    BlobCorruptError,
    BlobMissingError,
    NoSpaceError,
    StoreError,
)
from gosync.store.digest import digest_of
from gosync.store.localblobs import LocalBlobStore
from gosync.store.root import open_store


@pytest.fixture
def blobs(tmp_path):
    open_store(tmp_path)
    return LocalBlobStore(tmp_path)


def _staging(tmp_path):
    return list((tmp_path / "staging").iterdir())


def test_a_staged_file_knows_its_digest_and_size_and_can_be_read(blobs, tmp_path):
    with blobs.stage() as staged:
        staged.write(b"hello ")
        staged.write(bytearray(b"wo"))
        staged.write(memoryview(b"rld"))
        assert staged.size_bytes == 11
        assert staged.digest == digest_of(b"hello world")
        assert staged.read_at(6, 5) == b"world"
        assert staged.read_at(9, 100) == b"ld"
        assert staged.read_at(50, 1) == b""
    assert _staging(tmp_path) == []


def test_a_staged_file_can_begin_again(blobs):
    with blobs.stage() as staged:
        staged.write(b"half of it")
        staged.restart()
        staged.write(b"all")
        assert blobs.read(blobs.admit(staged)) == b"all"


def test_an_admitted_blob_is_read_only_under_its_digest(blobs, tmp_path):
    with blobs.stage() as staged:
        staged.write(b"data")
        digest = blobs.admit(staged, want=digest_of(b"data"), size_bytes=4)
    path = blobs.path(digest)
    assert path.read_bytes() == b"data"
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert blobs.size(digest) == 4
    assert blobs.exists(digest)
    assert not blobs.exists(digest, size_bytes=5)
    assert blobs.read(digest) == b"data"
    with blobs.open(digest) as blob:
        assert blob.size_bytes == 4
        assert blob.read_at(1, 2) == b"at"
    assert _staging(tmp_path) == []


def test_bytes_that_are_not_what_was_wanted_are_not_admitted(blobs, tmp_path):
    with blobs.stage() as staged:
        staged.write(b"data")
        with pytest.raises(BlobCorruptError, match="want 5"):
            blobs.admit(staged, size_bytes=5)
        with pytest.raises(BlobCorruptError, match="want"):
            blobs.admit(staged, want=digest_of(b"other"))
    assert _staging(tmp_path) == []
    assert not blobs.exists(digest_of(b"data"))


def test_a_file_cut_behind_our_back_is_not_admitted(blobs):
    with blobs.stage() as staged:
        staged.write(b"data")
        os.truncate(staged.path, 2)
        with pytest.raises(StoreError, match="2 bytes, 4 were written"):
            blobs.admit(staged)
    assert not blobs.exists(digest_of(b"data"))


def test_the_same_bytes_twice_are_one_blob_whose_folder_is_synced_again(blobs):
    first = blobs.put_bytes(b"same")
    inode = blobs.path(first).stat().st_ino
    assert blobs.sync() == 2  # its own, and the one that got it
    assert blobs.sync() == 0
    assert blobs.put_bytes(b"same") == first
    with blobs.stage() as staged:
        staged.write(b"same")
        assert blobs.admit(staged) == first
    assert blobs.path(first).stat().st_ino == inode
    assert blobs.sync() == 1


@pytest.mark.parametrize("debris", [b"", b"sa", b"same and more"])
def test_debris_of_another_size_is_replaced(blobs, debris):
    digest = blobs.put_bytes(b"same")
    path = blobs.path(digest)
    path.unlink()
    path.write_bytes(debris)
    assert blobs.put_bytes(b"same") == digest
    assert blobs.read(digest) == b"same"


def test_an_empty_file_is_a_blob_too(blobs):
    digest = blobs.put_bytes(b"")
    assert blobs.read(digest) == b""
    assert blobs.exists(digest, size_bytes=0)


def test_a_blob_that_is_not_there_is_named(blobs):
    digest = digest_of(b"nowhere")
    for ask in (blobs.size, blobs.read):
        with pytest.raises(BlobMissingError, match=digest):
            ask(digest)
    with pytest.raises(BlobMissingError, match=digest), blobs.open(digest):
        pass
    assert not blobs.exists(digest)


def test_flipped_bits_are_noticed_by_reading(blobs):
    digest = blobs.put_bytes(b"data")
    path = blobs.path(digest)
    path.unlink()
    path.write_bytes(b"dbta")
    with pytest.raises(BlobCorruptError):
        blobs.read(digest)


def test_a_limit_is_kept_before_reading(blobs):
    digest = blobs.put_bytes(b"data")
    with pytest.raises(BlobCorruptError, match="limit 3"):
        blobs.read(digest, limit_bytes=3)


def test_a_folder_that_cannot_be_synced_stays_dirty(blobs, tmp_path):
    digest = blobs.put_bytes(b"data")
    shard = blobs.path(digest).parent
    shard.rename(tmp_path / "away")
    with pytest.raises(StoreError):
        blobs.sync()
    (tmp_path / "away").rename(shard)
    assert blobs.sync() == 2


def test_many_threads_may_admit_the_same_and_different_bytes(blobs, tmp_path):
    contents = [f"content {n % 40}".encode() for n in range(200)]

    def admit(data):
        with blobs.stage() as staged:
            staged.write(data)
            return blobs.admit(staged)

    with ThreadPoolExecutor(16) as pool:
        digests = list(pool.map(admit, contents))
    assert digests == [digest_of(data) for data in contents]
    assert all(blobs.read(digest) for digest in set(digests))
    assert blobs.sync() > 8
    assert _staging(tmp_path) == []


def test_what_killed_runs_left_in_staging_is_swept(blobs, tmp_path):
    foreign = tmp_path / "staging" / "thesis.txt"
    foreign.write_bytes(b"the only copy")
    with blobs.stage() as staged:
        (tmp_path / "staging" / ("0f" * 8)).write_bytes(b"x")
        assert blobs.sweep_staging() == 1  # what is open has a writer
        staged.discard()
    assert blobs.sweep_staging() == 0
    assert foreign.exists()


def test_the_reserve_is_kept_free(blobs):
    blobs.check_space(0, min_free_bytes=0)
    with pytest.raises(NoSpaceError, match="reserve"):
        blobs.check_space(1 << 60, min_free_bytes=0)
    with pytest.raises(NoSpaceError, match="reserve"):
        blobs.check_space(0, min_free_bytes=1 << 60)


def test_a_store_that_is_not_there_is_an_error_where_none_may_be_made(tmp_path):
    root = tmp_path / "mnt" / "store"
    with pytest.raises(StoreError, match="no store"):
        open_store(root, create=False)
    assert not root.exists()
    open_store(root)
    open_store(root, create=False)
    assert {path.name for path in root.iterdir()} == {
        "blobs",
        "staging",
        "quarantine",
        "journal",
        "sumdb",
    }


def test_a_sweep_leaves_alone_what_is_no_blob(blobs):
    kept, gone = blobs.put_bytes(b"kept"), blobs.put_bytes(b"gone")
    stranger = blobs.path(gone).with_name("README")
    stranger.write_bytes(b"not ours")
    assert blobs.others({kept}) == {gone: 4}
    assert blobs.remove([gone]) == 1
    assert blobs.read(kept) == b"kept"
    assert not blobs.exists(gone)
    assert stranger.read_bytes() == b"not ours"
    assert blobs.put_bytes(b"gone") == gone, "it may come again"


def test_pieces_are_a_blob_s_bytes_and_are_proven_in_the_end(blobs):
    data = os.urandom((2 << 20) + 5)
    digest = blobs.put_bytes(data)
    assert [len(piece) for piece in blobs.pieces(digest)] == [1 << 20, 1 << 20, 5]
    assert b"".join(blobs.pieces(digest)) == data

    path = blobs.path(digest)
    path.chmod(0o644)
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(BlobCorruptError):
        list(blobs.pieces(digest))


def test_a_linked_folder_of_blobs_is_not_emptied(blobs, tmp_path):
    open_store(tmp_path / "other")
    others = LocalBlobStore(tmp_path / "other")
    digest = others.put_bytes(b"of another store")
    folder = tmp_path / "blobs/sha256" / digest[:2]
    folder.symlink_to(others.path(digest).parent)
    assert blobs.others(()) == {}
    assert others.path(digest).exists()
