"""Files copied into the store: blocks shared where the file system can, else copied."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gosync.store.digest import digest_of
from gosync.store.staging import BLOB_MODE, LocalStaged, copy_into

DATA = os.urandom(3 << 20)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A folder of a file system with reflinks; of any where none can be made."""
    make = shutil.which("mkfs.btrfs", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    image, folder = tmp_path / "image", tmp_path / "mounted"
    folder.mkdir()
    if make is None or os.geteuid() != 0:
        yield folder
        return
    with image.open("wb") as file:
        file.truncate(128 << 20)
    subprocess.run([make, "-q", image], check=True, capture_output=True)
    mounted = subprocess.run(["mount", "-o", "loop", image, folder], check=False)
    try:
        yield folder
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", folder], check=True)


def _copy(folder: Path, source: Path) -> LocalStaged:
    source.write_bytes(DATA)
    staged = LocalStaged(folder)
    with source.open("rb") as file:
        copy_into(staged, file.fileno(), len(DATA))
    return staged


def _check(staged: LocalStaged, source: Path) -> None:
    assert (staged.size_bytes, staged.digest) == (len(DATA), digest_of(DATA))
    source.write_bytes(b"changed by whoever owns it")
    assert staged.read_at(0, len(DATA)) == DATA
    assert os.fstat(staged.descriptor).st_nlink == 1
    staged.seal()
    assert os.fstat(staged.descriptor).st_mode & 0o777 == BLOB_MODE


def test_bytes_are_copied_and_hashed_where_no_blocks_can_be_shared(tmp_path: Path):
    with _copy(tmp_path, tmp_path / "source") as staged:
        _check(staged, tmp_path / "source")


def test_a_source_that_is_cut_off_is_as_long_as_it_is(tmp_path: Path):
    source = tmp_path / "source"
    source.write_bytes(DATA[:10])
    with LocalStaged(tmp_path) as staged, source.open("rb") as file:
        copy_into(staged, file.fileno(), len(DATA))
        assert (staged.size_bytes, staged.digest) == (10, digest_of(DATA[:10]))


def test_blocks_are_shared_where_the_file_system_can(disk: Path):
    source = disk / "source"
    source.write_bytes(DATA)
    os.sync()
    before = shutil.disk_usage(disk).used
    with LocalStaged(disk) as staged, source.open("rb") as file:
        if staged.clone(file.fileno()):
            os.sync()
            assert shutil.disk_usage(disk).used - before < len(DATA) // 2
        else:
            assert (staged.size_bytes, staged.read_at(0, 1)) == (0, b"")
            copy_into(staged, file.fileno(), len(DATA))
        _check(staged, source)
