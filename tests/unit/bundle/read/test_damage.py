"""Bundles that were changed on their way: each is refused, with a word of what to do.

The first half changes bytes under a header that stays; the second half lies, as
somebody could whose signature is trusted: header and manifest fit the lie.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from gosync.bundle.format.blocks import GroupHead
from gosync.bundle.format.header import format_header
from gosync.bundle.format.manifest import Frame, Manifest, VolumeEntry, format_manifest
from gosync.bundle.format.names import HEADER_NAME, MANIFEST_NAME, SUMS_NAME
from gosync.bundle.read.bases import NoBases
from gosync.bundle.read.chunks import ChunkDigests
from gosync.bundle.read.folder import BundleFolder
from gosync.bundle.read.proving import prove_bundle
from gosync.bundle.read.reader import read_versions
from gosync.bundle.read.zstd import FrameReader, write_frame
from gosync.errors import (
    ChecksumMismatchError,
    GosyncError,
    MalformedError,
    VolumeError,
)
from gosync.store.scratch import ScratchFolder
from tests.unit.bundle.outside import Outside, changed, source

M = "example.com/m"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One bundle of three versions in two volumes."""
    folder = tmp_path_factory.mktemp("damage")
    with Outside(folder) as outside:
        files = source(1, files=5)
        for number in range(3):
            outside.add(M, f"v1.{number}.0", files)
            files = changed(files, number)
        outside.add("example.com/n", "v0.1.0", source(5, files=2))
        outside.publish()
        yield Path(outside.bundle(volume_bytes=4_000).name)


@pytest.fixture
def medium(made: Path, tmp_path: Path) -> Path:
    """A copy of it to break."""
    return Path(shutil.copytree(made, tmp_path / "medium"))


def prove(medium: Path) -> None:
    prove_bundle(BundleFolder.open(medium), scratch=ScratchFolder(medium.parent))


def read_all(medium: Path) -> list[bytes]:
    folder = BundleFolder.open(medium)
    found: list[bytes] = []
    for each in read_versions(
        folder,
        folder.manifest,
        wanted=lambda _: True,
        bases=NoBases(),
        scratch=ScratchFolder(medium.parent),
    ):
        assert each.write_zip is not None
        each.write_zip(found.append)
    return found


def test_the_copy_is_whole(medium: Path):
    prove(medium)
    assert len(BundleFolder.open(medium).header.volumes) == 2


# Bytes that are not those that the header binds.


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


# Lies that fit together: everything but the truth is consistent.


class Liar:
    """Takes a bundle apart and puts it together again around a lie."""

    def __init__(self, medium: Path) -> None:
        self.medium = medium
        self.folder = BundleFolder.open(medium)
        self.manifest = self.folder.manifest

    def frames(self, index: int) -> list[bytes]:
        """Return the contents of a segment's two frames."""
        segment = self.manifest.segments[index]
        found = []
        at = segment.offset
        with self.folder.volume(segment.volume) as volume:
            for frame in (segment.recipes, segment.contents):
                with FrameReader(
                    volume.read_at,
                    offset=at,
                    size_bytes=frame.size_bytes,
                    unpacked_bytes=frame.unpacked_bytes,
                ) as reader:
                    found.append(reader.read(frame.unpacked_bytes))
                at += frame.size_bytes
        return found

    def put(
        self, index: int, recipes: bytes, contents: bytes, *, claimed: int | None = None
    ) -> None:
        """Put two frames in a segment's place, and let all follow from it."""
        segment = self.manifest.segments[index]
        packed = [io.BytesIO(), io.BytesIO()]
        for data, sink in zip((recipes, contents), packed, strict=True):
            write_frame([data], sink, size_bytes=len(data))
        first, second = (sink.getvalue() for sink in packed)
        name = self.folder.header.volumes[segment.volume - 1].name
        path = self.medium / name
        old = path.read_bytes()
        path.write_bytes(old[: segment.offset] + first + second + old[segment.end :])
        size = len(contents) if claimed is None else claimed
        new = msgspec.structs.replace(
            segment,
            recipes=Frame(size_bytes=len(first), unpacked_bytes=len(recipes)),
            contents=Frame(size_bytes=len(second), unpacked_bytes=size),
        )
        moved = new.end - segment.end
        segments = [
            msgspec.structs.replace(each, offset=each.offset + moved)
            if each.volume == segment.volume and each.offset > segment.offset
            else each
            for each in self.manifest.segments
        ]
        segments[index] = new
        self.manifest = msgspec.structs.replace(self.manifest, segments=tuple(segments))
        self.finish()

    def finish(self, manifest: Manifest | None = None) -> None:
        """Write manifest, sums and header for what is there now."""
        lines = format_manifest(self._rebound(manifest or self.manifest))
        packed = io.BytesIO()
        write_frame([lines], packed, size_bytes=len(lines))
        (self.medium / MANIFEST_NAME).write_bytes(packed.getvalue())
        header = self.folder.header
        files = []
        for file in (header.manifest, *header.volumes):
            data = (self.medium / file.name).read_bytes()
            digest = hashlib.sha256(data).hexdigest()
            files.append(
                msgspec.structs.replace(file, size_bytes=len(data), sha256=digest)
            )
        files[0] = msgspec.structs.replace(files[0], unpacked_bytes=len(lines))
        header = msgspec.structs.replace(
            header, manifest=files[0], volumes=tuple(files[1:])
        )
        (self.medium / HEADER_NAME).write_bytes(format_header(header))

    def _rebound(self, manifest: Manifest) -> Manifest:
        volumes = self.folder.header.volumes
        entries = tuple(volume_entry(self.medium / volume.name) for volume in volumes)
        return msgspec.structs.replace(manifest, volumes=entries)


def volume_entry(volume: Path) -> VolumeEntry:
    """Return what a manifest says of a volume's bytes."""
    chunks = ChunkDigests()
    chunks.update(volume.read_bytes())
    return VolumeEntry(chunks=chunks.finish())


@pytest.fixture
def liar(medium: Path) -> Liar:
    return Liar(medium)


def modules_segment(liar: Liar) -> int:
    return next(
        index
        for index, segment in enumerate(liar.manifest.segments)
        if segment.holds == "modules"
    )


def refused(liar: Liar, error: type[GosyncError], match: str | None = None) -> None:
    """Neither a proof nor a reader takes it."""
    with pytest.raises(error, match=match):
        prove(liar.medium)
    with pytest.raises(error, match=match):
        read_all(liar.medium)


def test_other_contents_do_not_give_the_h1(liar: Liar):
    index = modules_segment(liar)
    recipes, contents = liar.frames(index)
    liar.put(index, recipes, contents.replace(b"return", b"panic!"))

    refused(liar, GosyncError)


def test_another_name_does_not_give_the_h1(liar: Liar):
    index = modules_segment(liar)
    recipes, contents = liar.frames(index)
    liar.put(index, recipes.replace(b"file1.go", b"file0.go"), contents)

    refused(liar, GosyncError)


@pytest.mark.parametrize("name", [b"../../x.go", b"pkg1/\x00le.go", b"/etc/p.go"])
def test_names_that_lead_elsewhere_do_not_give_the_h1(liar: Liar, name: bytes):
    index = modules_segment(liar)
    recipes, contents = liar.frames(index)
    old = b"pkg1/file1.go"
    padded = name + b"_" * (len(old) - len(name))
    liar.put(index, recipes.replace(old, padded), contents)

    refused(liar, GosyncError)


def test_another_h1_in_the_manifest_is_not_that_of_the_contents(liar: Liar):
    versions = list(liar.manifest.versions)
    other = versions[1].zip_h1
    versions[0] = msgspec.structs.replace(versions[0], zip_h1=other)
    liar.finish(msgspec.structs.replace(liar.manifest, versions=tuple(versions)))

    refused(liar, ChecksumMismatchError)


def test_a_record_that_says_something_else_is_found(liar: Liar):
    versions = list(liar.manifest.versions)
    record = versions[0].record
    assert record is not None
    swapped = msgspec.structs.replace(versions[0], record=versions[1].record)
    versions[0] = swapped
    liar.finish(msgspec.structs.replace(liar.manifest, versions=tuple(versions)))

    with pytest.raises(GosyncError, match="record"):
        prove(liar.medium)


@pytest.mark.parametrize("claimed", [0, 10, 10_000_000, 1 << 50])
def test_a_frame_that_claims_another_size_is_refused(liar: Liar, claimed: int):
    index = modules_segment(liar)
    recipes, contents = liar.frames(index)
    liar.put(index, recipes, contents, claimed=claimed)

    refused(liar, MalformedError, "bundle frame")


def test_a_bomb_is_not_unpacked(liar: Liar):
    """A gigabyte of zeros, which nobody declared."""
    index = modules_segment(liar)
    recipes, _ = liar.frames(index)
    liar.put(index, recipes, bytes(64 << 20))

    refused(liar, GosyncError)


def test_a_recipe_of_more_than_a_zip_may_have_is_refused(liar: Liar):
    index = modules_segment(liar)
    recipes, contents = liar.frames(index)
    length = int.from_bytes(recipes[:4])
    head = msgspec.json.decode(recipes[4 : 4 + length], type=GroupHead)
    grown = msgspec.json.encode(
        msgspec.structs.replace(
            head,
            versions=tuple(
                msgspec.structs.replace(v, recipe_bytes=v.recipe_bytes + 1)
                for v in head.versions
            ),
        )
    )
    rest = recipes[4 + length :]
    liar.put(index, len(grown).to_bytes(4) + grown + rest, contents)

    refused(liar, MalformedError)


def test_a_version_in_two_places_or_in_none_is_refused(liar: Liar):
    index = modules_segment(liar)
    recipes, contents = liar.frames(index)
    liar.put(index, recipes + recipes, contents + contents)

    refused(liar, MalformedError, "not in the manifest")


def test_a_version_that_is_missing_from_its_segment_is_refused(liar: Liar):
    index = modules_segment(liar)
    liar.put(index, b"", b"")

    refused(liar, MalformedError, "is not in its segment")


def test_counts_that_do_not_fit_are_refused(medium: Path):
    path = medium / HEADER_NAME
    header = BundleFolder.open(medium).header
    lie = msgspec.structs.replace(header, selected=header.selected + 1)
    path.write_bytes(format_header(lie))

    with pytest.raises(MalformedError, match="selected"):
        prove(medium)


def test_bytes_of_no_segment_are_refused(liar: Liar):
    segments = liar.manifest.segments[:-1]
    number = len(segments)
    versions = tuple(v for v in liar.manifest.versions if v.segment != number)
    lie = msgspec.structs.replace(liar.manifest, segments=segments, versions=versions)
    liar.finish(lie)

    with pytest.raises(MalformedError):
        prove(liar.medium)


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
