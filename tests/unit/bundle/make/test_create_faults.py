"""Bundles made while runs are killed, blobs rot, media lie, others change the store."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import IO

import pytest

from gosync.bundle.format.names import HEADER_NAME
from gosync.bundle.make import compressor as frames
from gosync.bundle.make.contentcache import ContentCache
from gosync.bundle.make.create import create_bundle
from gosync.bundle.make.created import CreateOptions
from gosync.bundle.make.packing import ModuleSegment
from gosync.bundle.make.volumes import FolderWriter
from gosync.bundle.options import TargetSpec
from gosync.bundle.read.folder import BundleFolder
from gosync.catalog import leases
from gosync.catalog.withdrawn import Withdrawal
from gosync.clock import format_time
from gosync.errors import (
    BlobCorruptError,
    GosyncError,
    StoreError,
    VolumeError,
)
from gosync.gomod.module import ModuleVersion
from gosync.sync.prune import PrunePlan, forget, sweep
from gosync.work.progress import NoProgress
from tests.unit.bundle.make.making import M, add_versions, digests
from tests.unit.bundle.outside import TARGET, TIME, Outside, changed, source
from tests.unit.gomod.zipfiles import make_zip


class StoppedError(Exception):
    """The process ends here."""


def stop_at(outside: Outside, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a create die where it calls this; then begin anew, as a process would."""

    def stop(*_: object, **__: object) -> None:
        raise StoppedError

    with monkeypatch.context() as patched:
        patched.setattr(step, stop)
        with pytest.raises(StoppedError):
            outside.create()
    outside.open()


STEPS = [
    "gosync.bundle.make.volumes.VolumeWriter.place",
    "gosync.bundle.make.volumes.FolderWriter.write_manifest",
    "gosync.bundle.make.volumes.FolderWriter.write_sums",
    "gosync.catalog.bundle_table.Bundles.write",
    "gosync.bundle.make.create.prove_bundle",
    "gosync.bundle.make.volumes.FolderWriter.finish",
    "gosync.catalog.bundle_table.Bundles.seal",
]


@pytest.mark.parametrize("step", STEPS)
def test_a_killed_create_starts_over_with_the_same_bytes(
    outside: Outside, tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
):
    add_versions(outside, M, 3)
    with Outside(tmp_path / "twin") as twin:
        add_versions(twin, M, 3)
        want = digests(Path(twin.bundle().name))

    stop_at(outside, step, monkeypatch)
    assert outside.site.catalog.bundles.base(TARGET, sealed=True) is None

    assert digests(Path(outside.bundle().name)) == want
    assert len(list(outside.out.iterdir())) == 1


def test_a_stale_unsealed_bundle_is_removed(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
):
    add_versions(outside, M, 1)
    stop_at(outside, STEPS[-1], monkeypatch)
    outside.add(M, "v1.7.0", source(3))
    outside.publish()

    bundle = outside.bundle()
    assert [folder.name for folder in outside.out.iterdir()] == [Path(bundle.name).name]
    assert (bundle.header.sequence, bundle.header.carried) == (1, 2)


def test_a_medium_that_loses_files_when_their_folder_is_renamed_is_found(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
):
    add_versions(outside, M, 1)
    finish = FolderWriter.finish

    def lose(self: FolderWriter, final: Path) -> None:
        finish(self, final)
        (final / "vol-0001.zst").unlink()

    monkeypatch.setattr(FolderWriter, "finish", lose)
    with pytest.raises(VolumeError, match="since it has its name") as lost:
        outside.create()
    assert "--out" in str(lost.value.hint)
    assert outside.site.catalog.bundles.base(TARGET, sealed=True) is None

    monkeypatch.undo()
    assert outside.bundle().header.sequence == 1
    assert len(list(outside.out.iterdir())) == 1


def test_a_rotten_blob_is_not_exported(outside: Outside):
    add_versions(outside, M, 2)
    row = outside.site.catalog.versions.get(ModuleVersion(M, "v1.0.0"))
    assert row is not None
    assert row.zip_digest is not None
    path = outside.blob(row.zip_digest)
    data = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(make_zip([("go.mod", b"module x\n")], prefix=f"{M}@v1.0.0/"))

    with pytest.raises(BlobCorruptError, match=r"m@v1\.0\.0"):
        outside.create()
    path.write_bytes(data)
    assert outside.create().path is not None


def test_a_rotten_tile_is_not_sealed(outside: Outside):
    add_versions(outside, M, 1)
    tiles = outside.site.tiles
    assert tiles is not None
    (path,) = outside.site.options.store_path.glob("sumdb/*/tile/8/0/001.p/*")
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))

    with pytest.raises(StoreError, match=r"tile/8/0/001\.p") as damaged:
        outside.create()
    assert "gosync verify" in str(damaged.value.hint)
    assert list(outside.out.iterdir()) == []
    path.write_bytes(data)
    assert outside.bundle().header.sequence == 1


@pytest.mark.parametrize("exact", [False, True])
def test_what_rots_while_it_is_packed_is_found(
    outside: Outside, monkeypatch: pytest.MonkeyPatch, exact: bool
):
    add_versions(outside, M, 1)
    row = outside.site.catalog.versions.get(ModuleVersion(M, "v1.0.0"))
    assert row is not None
    assert row.zip_digest is not None
    path = outside.blob(row.zip_digest)
    path.chmod(0o600)
    pack = frames.Compressor.pack

    def rot_and_pack(
        self: frames.Compressor, segment: frames.AnySegment, file: IO[bytes]
    ) -> object:
        if isinstance(segment, ModuleSegment):
            data = bytearray(path.read_bytes())
            data[200] ^= 1
            path.write_bytes(data)
        return pack(self, segment, file)

    monkeypatch.setattr(frames.Compressor, "pack", rot_and_pack)
    # What is kept does not rot: this is about what is read a second time.
    monkeypatch.setattr(ContentCache, "put", lambda *_: None)
    with pytest.raises(GosyncError) as caught:
        outside.create(exact=exact)
    assert isinstance(caught.value, BlobCorruptError)


def test_what_only_looks_like_an_unsealed_bundle_is_left_alone(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
):
    add_versions(outside, M, 1)
    stop_at(outside, STEPS[-1], monkeypatch)
    (unsealed,) = outside.out.iterdir()
    copy = outside.out / f"copy-of-{unsealed.name}"
    shutil.copytree(unsealed, copy)
    outside.add(M, "v1.7.0", source(3))
    outside.publish()

    bundle = outside.bundle()
    assert set(outside.out.iterdir()) == {Path(bundle.name), copy}


@pytest.mark.parametrize("name", ["thesis.txt", "vol-0001.zst/thesis.txt"])
def test_a_folder_with_somebody_s_files_is_not_removed(outside: Outside, name: str):
    add_versions(outside, M, 1)
    theirs = outside.out / f".{TARGET}.partial" / name
    theirs.parent.mkdir(parents=True)
    theirs.write_text("years of work")

    with pytest.raises(StoreError, match="is no file of a bundle"):
        outside.bundle()
    assert theirs.read_text() == "years of work"


def test_a_medium_that_gives_back_another_header_is_the_medium_s_fault(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
):
    add_versions(outside, M, 1)
    write = FolderWriter.write

    def garble(self: FolderWriter, name: str, data: bytes) -> None:
        if name == HEADER_NAME:
            data = data.replace(b'"tiles": ', b'"tiles": 1')
        write(self, name, data)

    monkeypatch.setattr(FolderWriter, "write", garble)
    with pytest.raises(VolumeError, match="not what was written"):
        outside.bundle()
    assert not list(outside.out.iterdir())


class Beside(NoProgress):
    """Has something happen while a bundle is packed."""

    def __init__(self, happen: Callable[[], object]) -> None:
        self._happen = happen

    def phase(
        self, name: str, total: int | None = None, *, total_bytes: int | None = None
    ) -> None:
        if name == "packing":
            self._happen()


def create_beside(outside: Outside, happen: Callable[[], object]) -> BundleFolder:
    target = TargetSpec(name=TARGET, volume_bytes=1 << 30, sealed_base=True)
    options = CreateOptions(target=target, out=outside.out)
    created = create_bundle(outside.site, options, Beside(happen))
    assert created.path is not None
    return BundleFolder.open(created.path)


def test_what_is_withdrawn_while_a_bundle_is_packed_the_next_one_tells(
    outside: Outside,
):
    outside.add(M, "v1.0.0", source(1))
    outside.publish()
    one = Withdrawal(
        path=M, version="v1.0.0", reason="a hole", withdrawn_at=format_time(TIME)
    )
    first = create_beside(outside, lambda: outside.site.catalog.withdrawn.put([one]))
    assert first.manifest.withdrawn == ()
    assert [each.version for each in first.manifest.versions] == ["v1.0.0"]
    second = outside.bundle()
    assert [each.mv for each in second.manifest.withdrawn] == [one.mv]
    assert second.manifest.versions == ()
    assert outside.create().path is None, "there is nothing new"


def test_a_prune_beside_takes_nothing_that_a_bundle_is_made_of(outside: Outside):
    """Not the base of a patch either, which is read back from the store."""
    files = source(1)
    rows = [outside.add(M, "v1.0.0", files)]
    outside.publish()
    outside.bundle()
    rows.append(outside.add(M, "v1.1.0", changed(files, 2)))
    outside.publish()
    site = outside.site

    def prune() -> None:
        outside.select()
        with site.hold(leases.SELECT, wait_seconds=0):
            due = tuple(site.catalog.selected.unselected(TIME + timedelta(days=1)))
            assert len(due) == 2
            forget(site, PrunePlan(forgotten=due, narrowed=(), waiting=0))
            sweep(site)

    bundle = create_beside(outside, prune)
    assert [s.base for s in bundle.manifest.segments if s.base is not None]
    for row in rows:
        assert outside.blob(row.zip_digest).exists()
    sweep(site)
    for row in rows:
        assert not outside.blob(row.zip_digest).exists(), "nobody relies on it"
