"""What of a bundle can be read when a part of a volume cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from gosync.bundle.make.readback import OwnBases
from gosync.bundle.read import chunks
from gosync.bundle.read.folder import BundleFolder
from gosync.bundle.read.reader import read_versions
from gosync.errors import VolumeError
from gosync.store.scratch import ScratchFolder
from tests.unit.bundle.outside import Outside, changed, source

MODULES = 8


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 256)
    with Outside(tmp_path) as outside:
        yield outside


def patches(outside: Outside) -> BundleFolder:
    """Return a bundle with a patch of each module, a segment of its own."""
    files = {number: source(number) for number in range(MODULES)}
    bundle = None
    for version in ("v1.0.0", "v1.1.0"):
        for number, each in files.items():
            outside.add(f"example.com/m{number}", version, each)
            files[number] = changed(each, number)
        outside.publish()
        bundle = outside.bundle()
    assert bundle is not None
    assert sum(s.base is not None for s in bundle.manifest.segments) == MODULES
    return bundle


def read(outside: Outside, bundle: BundleFolder) -> tuple[list[str], str]:
    """Return the paths of what can be read, and what is said of the rest."""
    found: list[str] = []
    arriving = read_versions(
        bundle,
        bundle.manifest,
        wanted=lambda _: True,
        bases=OwnBases(outside.site.blobs, outside.site.catalog.versions.all_rows()),
        scratch=ScratchFolder(outside.folder),
    )
    try:
        for each in arriving:
            assert each.write_zip is not None
            each.write_zip(lambda _: None)
            found.append(each.entry.path)
    except VolumeError as error:
        return found, str(error)
    return found, ""


def test_damage_costs_what_lies_there_and_no_more(outside: Outside):
    bundle = patches(outside)
    assert len(read(outside, bundle)[0]) == MODULES
    volume = Path(bundle.name) / "vol-0001.zst"
    segment = next(s for s in bundle.manifest.segments if s.base is not None)
    data = bytearray(volume.read_bytes())
    data[segment.offset + 3] ^= 1
    volume.write_bytes(data)

    found, said = read(outside, BundleFolder.open(Path(bundle.name)))
    assert "vol-0001.zst" in said
    assert segment.base is not None
    assert segment.base.path not in found
    assert len(found) >= MODULES - 3, "two more at most have a part in that chunk"


def test_of_a_volume_that_is_gone_nothing_is_read(outside: Outside):
    bundle = patches(outside)
    (Path(bundle.name) / "vol-0001.zst").unlink()

    assert read(outside, BundleFolder.open(Path(bundle.name))) == (
        [],
        f"{bundle.name}: vol-0001.zst is missing",
    )
