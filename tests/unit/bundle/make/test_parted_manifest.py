"""A manifest that is larger than a volume: its parts, and who reads them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from gosync.bundle.format.features import PARTED_MANIFESTS, ReaderFeatures
from gosync.bundle.format.header import FileEntry, format_header, parse_header
from gosync.bundle.make.volumes import remove_folder
from gosync.bundle.read.bases import NoBases
from gosync.bundle.read.folder import BundleFolder
from gosync.bundle.read.proving import prove_bundle
from gosync.errors import MalformedError, VolumeError
from gosync.store.scratch import ScratchFolder
from tests.unit.bundle.make.making import M, add_versions
from tests.unit.bundle.outside import Outside

VERSIONS = 24
LIMIT = 2 << 10
OLDER = ReaderFeatures(format=1)


@pytest.fixture
def parted(outside: Outside) -> BundleFolder:
    add_versions(outside, M, VERSIONS)
    return outside.bundle(volume_bytes=LIMIT)


def renewed(bundle: BundleFolder, **changes: object) -> bytes:
    return format_header(msgspec.structs.replace(bundle.header, **changes))


def test_no_file_of_the_bundle_is_larger_than_a_volume(
    parted: BundleFolder, tmp_path: Path
):
    folder = Path(parted.name)
    parts = parted.header.manifest_parts

    assert PARTED_MANIFESTS in parted.header.requires
    assert len(parts) > 1
    assert [part.name for part in parts[:2]] == ["manifest-001.zst", "manifest-002.zst"]
    assert max(file.size_bytes for file in parted.header.files) <= LIMIT
    assert not (folder / "manifest.zst").exists()
    parted.check_names()
    proven = prove_bundle(parted, scratch=ScratchFolder(tmp_path), bases=NoBases())
    assert proven.versions == len(parted.manifest.versions) == VERSIONS


def test_coreutils_check_the_parts(parted: BundleFolder):
    sums = (Path(parted.name) / "SHA256SUMS").read_text().splitlines()
    named = {line.split("  ")[1] for line in sums}
    assert {file.name for file in parted.header.files} <= named


def test_a_part_that_is_missing_is_named(parted: BundleFolder):
    (Path(parted.name) / "manifest-002.zst").unlink()
    with pytest.raises(VolumeError, match=r"manifest-002\.zst is missing"):
        _ = BundleFolder.open(Path(parted.name)).manifest


def test_a_part_of_other_bytes_is_named(parted: BundleFolder):
    part = Path(parted.name) / "manifest-002.zst"
    data = bytearray(part.read_bytes())
    data[7] ^= 1
    part.write_bytes(data)
    with pytest.raises(VolumeError, match=r"manifest-002\.zst: its bytes are not"):
        _ = BundleFolder.open(Path(parted.name)).manifest


def test_a_reader_from_before_gets_one_file(outside: Outside):
    for number in range(VERSIONS):
        outside.add(M, f"v1.{number}.0", {"m.go": f"package m{number}\n".encode()})
    outside.publish()
    bundle = outside.bundle(volume_bytes=2_500, reader=OLDER)
    assert bundle.header.manifest.size_bytes > 2_500
    assert bundle.header.manifest_parts == ()
    assert PARTED_MANIFESTS not in bundle.header.requires
    assert len(bundle.manifest.versions) == VERSIONS


def test_a_manifest_that_fits_is_one_file(outside: Outside):
    add_versions(outside, M, 2)
    bundle = outside.bundle()
    assert bundle.header.manifest_parts == ()
    assert bundle.header.files[0].name == "manifest.zst"


def test_parts_belong_to_a_bundle_when_it_is_removed(parted: BundleFolder):
    remove_folder(Path(parted.name))
    assert not Path(parted.name).exists()


def test_a_header_that_contradicts_itself_is_refused(parted: BundleFolder):
    parts = parted.header.manifest_parts
    others = tuple(r for r in parted.header.requires if r != PARTED_MANIFESTS)
    cases: dict[str, dict[str, tuple[FileEntry | str, ...]]] = {
        "that none requires": {"requires": others},
        "or none of them": {"manifest_parts": ()},
        "not of its size": {"manifest_parts": parts[:-1]},
        r"is not called manifest-001\.zst": {"manifest_parts": parts[::-1]},
    }
    for says, changes in cases.items():
        with pytest.raises(MalformedError, match=says):
            parse_header(renewed(parted, **changes))


def test_parts_that_are_not_of_the_manifest_are_refused(parted: BundleFolder):
    """Each part is what the header binds, and the header lies about the whole."""
    header = parted.header
    other = msgspec.structs.replace(header.manifest, sha256="0" * 64)
    (Path(parted.name) / "bundle.json").write_bytes(renewed(parted, manifest=other))
    with pytest.raises(VolumeError, match="are not those that the header binds"):
        _ = BundleFolder.open(Path(parted.name)).manifest
