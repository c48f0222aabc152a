"""Bundles whose bytes changed on their way: each is refused, with a word of what to do.

The bytes are not those that the header binds; see test_lies for a header that fits.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from gosync.bundle.format.names import HEADER_NAME, MANIFEST_NAME, SUMS_NAME
from gosync.bundle.read.folder import BundleFolder
from gosync.errors import MalformedError, VolumeError
from tests.unit.bundle.read.medium import made, medium, prove

__all__ = ["made", "medium"]


def test_the_copy_is_whole(medium: Path):
    prove(medium)
    assert len(BundleFolder.open(medium).header.volumes) == 2


def remove(path: Path) -> None:
    path.unlink()


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def lengthen(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"x")


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def make_link(path: Path) -> None:
    target = path.rename(path.parent.parent / path.name)
    path.symlink_to(target)


def make_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("name", [MANIFEST_NAME, "vol-0001.zst", "vol-0002.zst"])
@pytest.mark.parametrize(
    "spoil", [remove, truncate, lengthen, flip, make_link, make_pipe]
)
def test_a_spoilt_file_is_named(medium: Path, name: str, spoil: Callable[[Path], None]):
    spoil(medium / name)

    with pytest.raises(VolumeError, match=name) as caught:
        prove(medium)
    assert caught.value.hint


def test_swapped_volumes_are_found(medium: Path):
    one, two = medium / "vol-0001.zst", medium / "vol-0002.zst"
    one.rename(medium.parent / "kept")
    two.rename(one)
    (medium.parent / "kept").rename(two)

    with pytest.raises(VolumeError, match=r"vol-0001\.zst"):
        prove(medium)


@pytest.mark.parametrize("name", ["vol-0003.zst", "notes.txt", "vol-0001.zst.part"])
def test_a_file_too_many_is_found(medium: Path, name: str):
    (medium / name).write_bytes(b"left over")

    with pytest.raises(VolumeError, match=name) as caught:
        prove(medium)
    assert "folder of their own" in str(caught.value.hint)


def test_names_in_capitals_are_the_same_names(medium: Path):
    for file in list(medium.iterdir()):
        file.rename(medium / file.name.upper())

    prove(medium)


def test_names_that_differ_in_case_only_are_refused(medium: Path):
    shutil.copy(medium / "vol-0001.zst", medium / "VOL-0001.ZST")

    with pytest.raises(VolumeError, match="differ in case only"):
        prove(medium)


def test_no_bundle_is_told_from_a_broken_one(tmp_path: Path):
    with pytest.raises(VolumeError, match=HEADER_NAME):
        BundleFolder.open(tmp_path)
    with pytest.raises(VolumeError, match="nowhere"):
        BundleFolder.open(tmp_path / "nowhere")


def test_any_byte_of_the_header_counts(medium: Path):
    path = medium / HEADER_NAME
    whole = path.read_bytes()
    identity = BundleFolder.open(medium).id
    for at in range(0, len(whole), 7):
        broken = bytearray(whole)
        broken[at] ^= 1
        path.write_bytes(broken)
        try:
            assert BundleFolder.open(medium).id != identity
        except MalformedError:
            continue


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", 2),
        ("requires", ["brotli"]),
        ("base", "0" * 64),
        ("target", "../up"),
        ("sequence", 0),
        ("volumes", [{"name": "../x", "size_bytes": 1, "sha256": "0" * 64}]),
        ("created", "yesterday"),
    ],
)
def test_a_header_of_another_kind_is_refused(medium: Path, key: str, value: object):
    path = medium / HEADER_NAME
    fields = msgspec.json.decode(path.read_bytes())
    path.write_bytes(msgspec.json.encode({**fields, key: value}))

    with pytest.raises(MalformedError, match="bundle header"):
        BundleFolder.open(medium)


def test_keys_that_are_not_known_are_ignored(medium: Path):
    path = medium / HEADER_NAME
    fields = msgspec.json.decode(path.read_bytes())
    path.write_bytes(msgspec.json.encode({**fields, "colour": "blue"}))

    prove(medium)


def test_the_medium_is_only_read(medium: Path):
    def states() -> dict[str, tuple[int, int]]:
        return {
            file.name: (file.stat().st_mtime_ns, file.stat().st_ino)
            for file in (medium, *medium.iterdir())
        }

    before = states()
    for file in medium.iterdir():
        file.chmod(0o400)
    medium.chmod(0o500)
    prove(medium)
    medium.chmod(0o700)
    assert states() == before
    assert (medium / SUMS_NAME).exists()
