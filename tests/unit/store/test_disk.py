"""Full, read-only and forbidden disks: real ones, small."""

from __future__ import annotations

import errno
import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from gosync.errors import NoSpaceError, StoreError
from gosync.store.digest import Digest
from gosync.store.durable import disk_errors, make_folder, replace_file
from gosync.store.localblobs import LocalBlobStore
from gosync.store.localjournal import LocalJournal
from gosync.store.localquarantine import LocalQuarantine
from gosync.store.localtiles import LocalTileStore
from gosync.store.lock import StoreLock
from gosync.store.root import open_store
from gosync.sumdb.tile import Tile

_NOBODY = 65534


@pytest.fixture
def small_disk(tmp_path):
    """A tmpfs of one MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode != 0:
        pytest.skip("mounting a small tmpfs needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def _remount_read_only(folder):
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)


def test_a_full_disk_is_no_space_and_keeps_what_was_admitted(small_disk):
    open_store(small_disk)
    blobs = LocalBlobStore(small_disk)
    contents = (bytes([number]) * 100_000 for number in range(100))
    kept: list[Digest] = []
    with pytest.raises(NoSpaceError):
        kept.extend(map(blobs.put_bytes, contents))
    assert len(kept) > 5
    assert all(len(blobs.read(digest)) == 100_000 for digest in kept)
    assert list((small_disk / "staging").iterdir()) == []
    blobs.path(kept[0]).unlink()
    assert blobs.put_bytes(b"\xff" * 100_000)


def test_a_full_disk_leaves_no_torn_line_in_the_journal(small_disk):
    open_store(small_disk)
    journal = LocalJournal(small_disk)
    journal.append([{"kind": "test", "n": 1}])
    with pytest.raises(NoSpaceError):
        journal.append([{"kind": "test", "text": "x" * 100_000}] * 20)
    journal.append([{"kind": "test", "n": 2}])
    want = [{"kind": "test", "n": 1}, {"kind": "test", "n": 2}]
    assert list(journal.read()) == want


def test_a_full_disk_leaves_no_half_evidence_and_no_half_tile(small_disk):
    open_store(small_disk)
    with pytest.raises(NoSpaceError):
        LocalQuarantine(small_disk).keep(
            "m@v1", "bad", evidence={}, files={"zip": bytes(2_000_000)}
        )
    assert list((small_disk / "quarantine").iterdir()) == []
    tiles = LocalTileStore(small_disk, "db")
    with pytest.raises(NoSpaceError):
        tiles.write((Tile(8, 0, n, 256), bytes([n % 256]) * 8192) for n in range(1000))
    files = [path for path in tiles.folder.rglob("*") if path.is_file()]
    assert files
    assert all(path.stat().st_size == 8192 for path in files)


def test_a_read_only_store_is_a_clear_error(small_disk):
    open_store(small_disk)
    blobs, journal = LocalBlobStore(small_disk), LocalJournal(small_disk)
    digest = blobs.put_bytes(b"data")
    journal.append([{"kind": "test"}])
    _remount_read_only(small_disk)
    attempts = [
        blobs.stage,
        lambda: blobs.put_bytes(b"more"),
        lambda: journal.append([{"kind": "test"}]),
        lambda: StoreLock(small_disk).acquire(),
        lambda: LocalQuarantine(small_disk).keep("m", "bad", evidence={}, files={}),
        lambda: LocalTileStore(small_disk, "db").write([(Tile(8, 0, 0, 1), bytes(32))]),
        lambda: make_folder(small_disk / "new"),
    ]
    for attempt in attempts:
        with pytest.raises(StoreError, match="Read-only") as caught:
            attempt()
        assert caught.value.exit_code == 7
        assert "writable" in str(caught.value.hint)
    assert blobs.read(digest) == b"data"
    assert len(list(journal.read())) == 1


@pytest.fixture
def plain_user():
    """Nobody's rights in a folder that nobody may pass; root may write everywhere."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root = os.geteuid() == 0
        if root:
            os.chown(folder, _NOBODY, _NOBODY)
            os.seteuid(_NOBODY)
        try:
            yield folder
        finally:
            if root:
                os.seteuid(0)


def test_a_forbidden_store_is_a_clear_error(plain_user):
    open_store(plain_user)
    (plain_user / "staging").chmod(0o500)
    with pytest.raises(StoreError, match="Permission denied") as caught:
        LocalBlobStore(plain_user).put_bytes(b"data")
    assert caught.value.exit_code == 7
    (plain_user / "staging").chmod(0o700)
    LocalBlobStore(plain_user).put_bytes(b"data")


@pytest.mark.parametrize(
    ("number", "want"),
    [
        ("ENOSPC", NoSpaceError),
        ("EDQUOT", NoSpaceError),
        ("EIO", StoreError),
        ("EACCES", StoreError),
        ("EMFILE", StoreError),
    ],
)
def test_each_disk_error_becomes_ours(number, want):
    code = getattr(errno, number)
    with pytest.raises(StoreError) as caught, disk_errors("here"):
        raise OSError(code, os.strerror(code))
    assert type(caught.value) is want
    assert str(caught.value).startswith("here: ")
    assert isinstance(caught.value.__cause__, OSError)


def test_a_replaced_file_is_whole_or_as_before(tmp_path):
    path, staging = tmp_path / "file", tmp_path / "staging"
    staging.mkdir()
    replace_file(path, b"one", staging=staging)
    replace_file(path, b"two", staging=staging, durable=False)
    assert path.read_bytes() == b"two"
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "x").touch()
    with pytest.raises(StoreError):
        replace_file(folder, b"three", staging=staging)
    names = sorted(each.name for each in tmp_path.iterdir())
    assert names == ["file", "folder", "staging"]
    assert list(staging.iterdir()) == []
