"""Bundles made of a real store, read back by whoever has nothing or the base."""

from __future__ import annotations

import random
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gosync.bundle.format.blocks import Form
from gosync.bundle.format.features import LONG_SEGMENTS, ReaderFeatures
from gosync.bundle.format.header import Known
from gosync.bundle.format.need import NeedFile, NeedVersion
from gosync.bundle.read.bases import NoBases, ZipSource
from gosync.bundle.read.folder import BundleFolder
from gosync.bundle.read.proving import prove_bundle
from gosync.bundle.read.reader import Arrived, read_tiles, read_versions
from gosync.catalog.bundles import BundleKind, BundleState
from gosync.catalog.versions import Need, Want
from gosync.errors import (
    BundleGapError,
    StoreError,
    UsageError,
    VolumeError,
)
from gosync.gomod.dirhash import hash_zip
from gosync.gomod.module import ModuleVersion
from gosync.store.digest import Digest
from gosync.store.scratch import ScratchFolder
from gosync.sumdb.tile import tree_tiles
from tests.unit.bundle.make.making import M, N, add_versions, digests
from tests.unit.bundle.outside import TARGET, Outside, changed, source
from tests.unit.gomod.zipfiles import make_zip, reader

OLDER = ReaderFeatures(format=1)


class Inside:
    """What a receiver has: zips by version, each proven by the manifest's h1."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.zips: dict[ModuleVersion, bytes] = {}
        self.forms: dict[ModuleVersion, Form] = {}

    @contextmanager
    def open(self, mv: ModuleVersion, h1: str) -> Iterator[ZipSource]:
        data = self.zips.get(mv)
        if data is None:
            raise BundleGapError(str(mv))
        yield ZipSource(reader(data), len(data))

    def take(self, folder: BundleFolder) -> list[Arrived]:
        came = []
        for each in read_versions(
            folder,
            folder.manifest,
            wanted=lambda _: True,
            bases=self,
            scratch=ScratchFolder(self.scratch),
        ):
            came.append(each)
            self.forms[each.entry.mv] = each.form
            if each.write_zip is not None:
                pieces: list[bytes] = []
                each.write_zip(pieces.append)
                data = b"".join(pieces)
                assert hash_zip(reader(data), len(data)) == each.entry.zip_h1
                self.zips[each.entry.mv] = data
        return came


@pytest.fixture
def inside(tmp_path: Path) -> Inside:
    return Inside(tmp_path)


def noise(seed: int, size_bytes: int) -> dict[str, bytes]:
    """Return a file that nothing compresses."""
    return {"noise.bin": random.Random(seed).randbytes(size_bytes)}


def test_a_full_bundle_carries_everything_once(outside: Outside, inside: Inside):
    add_versions(outside, M, 5)
    outside.add(N, "v0.1.0", need=Need.MOD)
    outside.add("corp.example/x", "v1.0.0", {"x.go": b"package x"}, private=True)
    outside.add("example.com/dep", "v1.0.0", need=Need.MOD, selected=False)
    outside.publish()

    bundle = outside.bundle()
    inside.take(bundle)

    assert bundle.header.kind is BundleKind.FULL
    assert (bundle.header.selected, bundle.header.carried) == (7, 7)
    assert set(inside.forms.values()) == {Form.REBUILT, Form.MOD}
    assert len(inside.zips) == 6
    for name, data in source(1).items():
        with zipfile.ZipFile(outside_file(inside, M, "v1.0.0")) as archive:
            assert archive.read(f"{M}@v1.0.0/{name}") == data


def outside_file(inside: Inside, path: str, version: str) -> Path:
    file = inside.scratch / "one.zip"
    file.write_bytes(inside.zips[ModuleVersion(path, version)])
    return file


def test_an_increment_is_a_patch_against_what_the_receiver_has(
    outside: Outside, inside: Inside
):
    add_versions(outside, M, 3)
    inside.take(outside.bundle())
    files = changed(source(1), 9)
    outside.add(M, "v1.3.0", files)
    outside.add(M, "v1.3.1", changed(files, 10))
    outside.publish()

    bundle = outside.bundle()
    assert [each.entry.version for each in inside.take(bundle)] == ["v1.3.0", "v1.3.1"]
    header = bundle.header
    assert (header.kind, header.carried, header.patched) == (BundleKind.INCREMENT, 2, 2)
    assert header.base == outside.site.catalog.bundles.all()[0].bundle_id
    (patch,) = [each.base for each in bundle.manifest.segments if each.base]
    assert patch.version == "v1.2.0"
    assert len(bundle.manifest.versions) == 5, "the whole selection is named"


def test_a_patch_says_which_version_it_is_against(outside: Outside, tmp_path: Path):
    add_versions(outside, M, 1)
    outside.bundle()
    outside.add(M, "v1.1.0", changed(source(1), 9))
    outside.publish()
    bundle = outside.bundle()

    with pytest.raises(BundleGapError, match=r"example\.com/m@v1\.0\.0"):
        list(
            read_versions(
                bundle,
                bundle.manifest,
                wanted=lambda _: True,
                bases=NoBases(),
                scratch=ScratchFolder(tmp_path),
            )
        )
    assert prove_bundle(bundle, scratch=ScratchFolder(tmp_path)).patches == 1


def test_a_wrong_base_is_found_before_anything_is_made_of_it(
    outside: Outside, inside: Inside
):
    add_versions(outside, M, 1)
    inside.take(outside.bundle())
    outside.add(M, "v1.1.0", changed(source(1), 9))
    outside.publish()
    other = make_zip([("go.mod", b"module x\n")], prefix=f"{M}@v1.0.0/")
    inside.zips[ModuleVersion(M, "v1.0.0")] = other

    with pytest.raises(BundleGapError, match="the zip here has another"):
        inside.take(outside.bundle())


def test_nothing_new_makes_no_bundle(outside: Outside):
    add_versions(outside, M, 2)
    outside.bundle()
    outside.log.grow(50)
    outside.publish()

    assert outside.create().path is None
    assert [row.sequence for row in outside.site.catalog.bundles.all()] == [1]


def test_what_is_selected_no_more_leaves_the_selection(outside: Outside):
    add_versions(outside, M, 2)
    outside.bundle()
    outside.select(Want(M, "v1.1.0"))

    bundle = outside.bundle()
    assert (bundle.header.selected, bundle.header.carried) == (1, 0)
    assert bundle.header.volumes == ()


def test_exact_zips_keep_their_bytes(outside: Outside, inside: Inside):
    add_versions(outside, M, 3)
    inside.take(outside.bundle(exact=True))

    blobs = outside.site.blobs
    for row in outside.site.catalog.versions.all_rows():
        assert row.zip_digest is not None
        assert inside.zips[row.mv] == blobs.read(Digest(row.zip_digest))
    assert set(inside.forms.values()) == {Form.VERBATIM}


def test_odd_zips_travel_as_they_can(outside: Outside, inside: Inside):
    files = [
        ("go.mod", f"module {M}\n".encode()),
        ("b/", b""),
        ("b/x.go", b"package b"),
    ]
    folders = make_zip(files, prefix=f"{M}@v1.0.0/", method=zipfile.ZIP_STORED)
    twice = make_zip([*files, ("b/x.go", b"package c")], prefix=f"{M}@v1.1.0/")
    empty = make_zip([*files[:1], ("empty", b"")], prefix=f"{M}@v1.2.0/")
    backwards = make_zip(files[::-1], prefix=f"{M}@v1.3.0/")
    unicode = make_zip([*files[:1], ("ä/é.go", b"package a")], prefix=f"{M}@v1.4.0/")
    for number, data in enumerate((folders, twice, empty, backwards, unicode)):
        outside.add(M, f"v1.{number}.0", zip_data=data)
    outside.publish()

    inside.take(outside.bundle())

    forms = {mv.version: form for mv, form in inside.forms.items()}
    assert forms.pop("v1.1.0") is Form.VERBATIM
    assert set(forms.values()) == {Form.REBUILT}
    assert inside.zips[ModuleVersion(M, "v1.1.0")] == twice


def test_volumes_have_whole_members_and_keep_their_size(
    outside: Outside, inside: Inside
):
    for number in range(12):
        path = f"example.com/m{number:02d}"
        outside.add(path, "v1.0.0", noise(number, 9_000))
    outside.publish()

    bundle = outside.bundle(volume_bytes=32 << 10)

    sizes = [volume.size_bytes for volume in bundle.header.volumes]
    assert len(sizes) > 2
    assert max(sizes) <= 32 << 10
    assert len(inside.take(bundle)) == 12


def test_a_module_that_exceeds_a_volume_is_divided_by_versions(
    outside: Outside, inside: Inside
):
    for number in range(6):
        outside.add(M, f"v1.{number}.0", noise(number, 9_000))
    outside.publish()

    bundle = outside.bundle(volume_bytes=32 << 10)
    assert len(bundle.header.volumes) > 1
    assert len(inside.take(bundle)) == 6


def test_a_version_that_exceeds_a_volume_goes_over_several(
    outside: Outside, inside: Inside
):
    for number in range(3):
        outside.add(f"example.com/m{number}", "v1.0.0", noise(number, 40_000))
        outside.add(f"example.com/n{number}", "v1.0.0", noise(number, 3_000))
    outside.publish()

    bundle = outside.bundle(volume_bytes=16 << 10)

    sizes = [volume.size_bytes for volume in bundle.header.volumes]
    assert max(sizes) <= 16 << 10
    assert len(sizes) >= 9
    assert bundle.header.requires == (LONG_SEGMENTS,)
    assert len(inside.take(bundle)) == 6
    assert prove_bundle(bundle, scratch=ScratchFolder(inside.scratch)).versions == 6


def test_a_version_whose_volumes_are_not_all_here_names_them(
    outside: Outside, inside: Inside
):
    outside.add(M, "v1.0.0", noise(1, 40_000))
    outside.add(N, "v1.0.0", noise(2, 3_000))
    outside.publish()
    made = outside.create(volume_bytes=16 << 10).path
    assert made is not None
    lost = made / "vol-0003.zst"
    kept = lost.rename(inside.scratch / lost.name)

    with pytest.raises(VolumeError, match=r"vol-0003\.zst is missing") as caught:
        inside.take(BundleFolder.open(made))
    assert "vol-0002.zst to vol-0004.zst" in str(caught.value)
    assert "into one folder" in str(caught.value.hint)
    kept.rename(lost)
    assert len(inside.take(BundleFolder.open(made))) == 2


def test_a_version_that_exceeds_a_volume_is_named_where_the_site_is_older(
    outside: Outside,
):
    outside.add(M, "v1.0.0", noise(1, 40_000))
    outside.publish()

    with pytest.raises(UsageError, match=r"m@v1\.0\.0") as caught:
        outside.create(volume_bytes=16 << 10, reader=OLDER)
    assert "volume_size" in str(caught.value.hint)
    assert outside.site.catalog.bundles.all()[0].state is BundleState.PLANNED
    assert outside.create(volume_bytes=64 << 10, reader=OLDER).path is not None


def test_the_same_input_gives_the_same_bytes(tmp_path: Path):
    made = []
    for name in "ab":
        with Outside(tmp_path / name) as outside:
            add_versions(outside, M, 4)
            add_versions(outside, N, 2, seed=50)
            made.append(digests(Path(outside.bundle().name)))
    assert made[0] == made[1]


def test_what_is_selected_and_not_here_is_told(outside: Outside):
    add_versions(outside, M, 1)
    outside.select(Want(M, "v1.0.0"), Want(M, "v1.9.0"))

    created = outside.create()
    assert created.path is not None
    assert created.selection.failed == 1
    (omitted,) = BundleFolder.open(created.path).manifest.omitted
    assert (omitted.version, omitted.reason) == ("v1.9.0", "not fetched yet")


def test_a_head_that_does_not_cover_a_record_is_refused(outside: Outside):
    add_versions(outside, M, 1)
    outside.add(M, "v1.1.0", source(2))

    with pytest.raises(StoreError, match="behind") as caught:
        outside.create()
    assert "gosync publish" in str(caught.value.hint)


def test_tiles_travel_once_and_suffice_for_every_older_head(outside: Outside):
    add_versions(outside, M, 2)
    first = outside.bundle()
    have = {tile.path(): data for tile, data in read_tiles(first, first.manifest)}
    sizes = [first.header.sumdb.size if first.header.sumdb else 0]
    for number in range(3, 6):
        outside.log.grow(400)
        outside.add(M, f"v1.{number}.0", source(number))
        head = outside.publish()
        bundle = outside.bundle()
        new = {t.path(): data for t, data in read_tiles(bundle, bundle.manifest)}
        assert not new.keys() & have.keys()
        have |= new
        rows = outside.site.catalog.versions.all_rows()
        ids = [row.record_id for row in rows if row.record_id is not None]
        for tile in tree_tiles(head.tree.n, ids, sizes):
            assert have[tile.path()] == outside.log.tile(tile)
        sizes.append(head.tree.n)


def test_a_repair_brings_what_the_site_says_it_lacks(outside: Outside, inside: Inside):
    add_versions(outside, M, 1)
    one = outside.bundle()
    inside.take(one)
    outside.add(M, "v1.1.0", changed(source(1), 1))
    outside.publish()
    outside.bundle()  # lost
    outside.add(M, "v1.2.0", changed(source(1), 2))
    outside.publish()
    three = outside.bundle()

    need = NeedFile(
        target=TARGET,
        applied=Known(sequence=1, bundle_id=one.id),
        staged=(Known(sequence=3, bundle_id=three.id),),
        versions=(NeedVersion(path=M, version="v1.1.0", need=Need.ZIP),),
    )
    repair = outside.bundle(need=need)
    assert (repair.header.kind, repair.header.sequence) == (BundleKind.REPAIR, 4)
    assert repair.header.base == one.id
    assert [each.entry.version for each in inside.take(repair)] == ["v1.1.0"]
    inside.take(three)
    assert len(inside.zips) == 3


def test_a_site_that_is_not_known_gets_everything(outside: Outside):
    add_versions(outside, M, 2)
    outside.bundle()
    need = NeedFile(
        target=TARGET, applied=Known(sequence=7, bundle_id="0" * 64), versions=()
    )
    bundle = outside.bundle(need=need)
    assert (bundle.header.kind, bundle.header.sequence) == (BundleKind.FULL, 8)
    assert bundle.header.carried == 2

    with pytest.raises(UsageError, match="of target 'other'"):
        outside.create(need=NeedFile(target="other", applied=None))


def test_coreutils_prove_a_bundle(outside: Outside):
    add_versions(outside, M, 2)
    bundle = outside.bundle()
    sha256sum = shutil.which("sha256sum")
    assert sha256sum is not None
    command = [sha256sum, "--strict", "-c", "SHA256SUMS"]
    subprocess.run(
        command, cwd=Path(bundle.name), check=True, stdout=subprocess.DEVNULL
    )
