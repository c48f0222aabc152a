"""Nothing that is done leads out of the target: by links, other names, or mounts."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from gosync.errors import StoreError, UsageError
from gosync.folder.layouts import TargetKind
from gosync.folder.placing import remove, write
from gosync.folder.tree import FileTree
from gosync.verify.act.plan import Action
from gosync.verify.report import VerifyReport
from tests.tiers import shared_out
from tests.unit.verify.caches import ALPHA, FOLDERS, World, run
from tests.unit.verify.damage import Damage, Part, harm, link_copy, parts
from tests.unit.verify.test_matrix import snapshot
from tests.unit.verify.test_matrix_store import part_of

NOBODY = 65534
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
_DATABASE = "sum.sample.example"
SHARED = [
    pytest.param(kind, part, id=f"{kind}-{part.name}")
    for kind in FOLDERS
    for part in parts(kind, _DATABASE)
]


@pytest.fixture(autouse=True)
def _quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def seen(file: Path) -> tuple[bytes, int, int, int, int]:
    """Return what must not change of somebody else's file."""
    found = file.lstat()
    return file.read_bytes(), found.st_mode, found.st_uid, found.st_gid, found.st_ino


def own(root: Path, user: int) -> None:
    """Give a cache, all of it, to somebody."""
    for folder, folders, files in os.walk(root):
        for path in (Path(folder, each) for each in ("", *folders, *files)):
            os.chown(path, user, user, follow_symlinks=False)


def copied(world: World, kind: TargetKind, root: Path) -> Path:
    """Return a cache that shares no file with another."""
    link_copy(world.pristine[kind], root)
    for file in [each for each in root.rglob("*") if each.is_file()]:
        data, mode = file.read_bytes(), stat.S_IMODE(file.stat().st_mode)
        file.unlink()
        file.write_bytes(data)
        file.chmod(mode)
    return root


@pytest.mark.parametrize(("kind", "part"), shared_out(SHARED))
def test_a_file_with_another_name_is_replaced_not_changed(
    world: World, tmp_path: Path, kind: TargetKind, part: Part
):
    root = copied(world, kind, tmp_path / "cache")
    file, outside = root / part.path, tmp_path / "outside"
    file.chmod(0o666)
    os.link(file, outside)
    before = seen(outside)

    report = run(world, root, kind=kind, action=Action.REPAIR, offline=False)

    assert seen(outside) == before
    assert report.exit_code == 5
    assert not file.exists() or file.stat().st_ino != before[-1]
    assert not file.exists() or file.read_bytes() == before[0]


@as_root
@pytest.mark.parametrize(("kind", "part"), shared_out(SHARED))
def test_a_secret_that_is_linked_into_a_cache_stays_one(
    world: World, tmp_path: Path, kind: TargetKind, part: Part
):
    """The cache's owner must not get to read it, nor own it, by a repair."""
    root, outside = copied(world, kind, tmp_path / "cache"), tmp_path / "outside"
    outside.write_text("v1.0.0\n")  # which even a list may say
    own(root, NOBODY)
    outside.chmod(0o600)
    (root / part.path).unlink()
    os.link(outside, root / part.path)
    before = seen(outside)

    for action in (Action.REPAIR, Action.QUARANTINE, Action.DELETE):
        run(world, root, kind=kind, action=action, offline=action is not Action.REPAIR)

        assert seen(outside) == before
        there = [each for each in root.rglob("*") if each.is_file()]
        secret = [each for each in there if each.stat().st_ino == before[-1]]
        assert all(stat.S_IMODE(each.stat().st_mode) == 0o600 for each in secret)
        told = {each for each in there if each.read_bytes() == before[0]} - {*secret}
        assert {each.name for each in told} <= {"list"}  # which says no more


@pytest.mark.parametrize("action", [Action.QUARANTINE, Action.DELETE, Action.REPAIR])
@pytest.mark.parametrize("kind", FOLDERS)
def test_a_folder_that_is_a_link_is_no_way(
    world: World, tmp_path: Path, kind: TargetKind, action: Action
):
    root = link_copy(world.pristine[kind], tmp_path / "cache")
    part = next(each for each in parts(kind, _DATABASE) if each.name == "zip")
    harm(root, part, Damage.OTHER_MODULE)
    folder = (root / part.path).parent
    outside = tmp_path / "outside"
    folder.rename(outside)
    folder.symlink_to(outside)
    before = snapshot(outside)

    run(world, root, kind=kind, action=action, offline=False)

    assert snapshot(outside) == before


@pytest.mark.parametrize("action", [Action.QUARANTINE, Action.DELETE, Action.REPAIR])
@pytest.mark.parametrize("above", [0, 1, 2, 3])
def test_a_folder_that_becomes_a_link_meanwhile_is_no_way(
    world: World, tmp_path: Path, action: Action, above: int
):
    """Between the look and the deed, somebody swaps one on the way; the root, too."""
    root = link_copy(world.pristine[TargetKind.GOPROXY], tmp_path / "a/cache")
    part = next(e for e in parts(TargetKind.GOPROXY, _DATABASE) if e.name == "zip")
    harm(root, part, Damage.OTHER_MODULE)
    folder = (root / part.path).parents[above]
    outside, decoy = tmp_path / "outside", tmp_path / "decoy"
    link_copy(folder, outside)
    before = snapshot(outside)

    def swap(report: VerifyReport) -> None:
        folder.rename(decoy)
        folder.symlink_to(outside)

    state = tmp_path / "state"
    report = run(
        world,
        root,
        kind=TargetKind.GOPROXY,
        action=action,
        offline=False,
        looked=swap,
        state=state,
    )

    assert snapshot(outside) == before
    if above < 3:
        assert all(each.failed for each in report.done)
        assert report.exit_code == 4


@pytest.mark.parametrize("action", [Action.QUARANTINE, Action.REPAIR])
@pytest.mark.parametrize("name", ["quarantine", "scratch"])
def test_a_link_in_the_state_folder_is_no_way(
    world: World, tmp_path: Path, name: str, action: Action
):
    root = link_copy(world.pristine[TargetKind.GOPROXY], tmp_path / "cache")
    part = next(e for e in parts(TargetKind.GOPROXY, _DATABASE) if e.name == "zip")
    harm(root, part, Damage.OTHER_MODULE)
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / name).symlink_to(outside)
    before = snapshot(root)

    if name == "scratch":
        report = run(world, root, action=action, offline=False)
        is_met = action is Action.QUARANTINE
        assert report.exit_code == (5 if is_met else 4)
        assert is_met or "is a link" in report.done[0].failed
    else:
        with pytest.raises(StoreError, match="is a link"):
            run(world, root, action=action, offline=False)
        assert snapshot(root) == before

    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("inside", [".", "state", "alpha.example/state"])
def test_a_state_folder_in_the_target_is_refused(
    world: World, tmp_path: Path, inside: str
):
    root = link_copy(world.pristine[TargetKind.GOPROXY], tmp_path / "cache")
    (tmp_path / "link").symlink_to(root)
    before = snapshot(root)

    for state in (root / inside, tmp_path / "link" / inside):
        with pytest.raises(UsageError, match="in the target"):
            run(world, root, state=state)

    assert snapshot(root) == before


@as_root
@pytest.mark.parametrize("bound", [True, False], ids=["bind", "tmpfs"])
def test_what_is_mounted_in_a_folder_stays(tmp_path: Path, bound: bool):
    """Of a bind mount, not even the device's number tells."""
    mounted, thesis = tmp_path / "cache/v1.0.0/a/b", tmp_path / "docs/thesis.txt"
    mounted.mkdir(parents=True)
    thesis.parent.mkdir()
    thesis.write_text("the only copy")
    source = ["--bind", str(thesis.parent)] if bound else ["-t", "tmpfs", "tmpfs"]
    if subprocess.run(["mount", *source, mounted], check=False).returncode != 0:
        pytest.skip("mounting is not allowed here")
    try:
        (mounted / "thesis.txt").write_text("the only copy")
        with pytest.raises(OSError, match="mounted"):
            remove(FileTree(tmp_path / "cache"), "v1.0.0")
        assert (mounted / "thesis.txt").read_text() == "the only copy"
    finally:
        subprocess.run(["umount", "-l", mounted], check=True)


@as_root
def test_folders_that_are_made_are_the_owners(tmp_path: Path):
    root = tmp_path / "cache"
    root.mkdir()
    os.chown(root, NOBODY, NOBODY)

    write(FileTree(root), "a.example/b/@v/list", [b"v1.0.0\n"])

    owners = {each.stat().st_uid for each in root.rglob("*")}
    assert owners == {NOBODY}


@as_root
@pytest.mark.parametrize("kind", [TargetKind.MODCACHE])
def test_a_file_of_an_extracted_folder_keeps_its_execute_bits(
    world: World, tmp_path: Path, kind: TargetKind
):
    root = copied(world, kind, tmp_path / "cache")
    file = root / "alpha.example/!alpha@v1.1.0/x.go"
    file.chmod(0o777)

    assert run(world, root, kind=kind, action=Action.REPAIR).exit_code == 5

    assert stat.S_IMODE(file.stat().st_mode) == 0o755


def test_a_blob_with_another_name_is_replaced_not_changed(
    world: World, store: Path, tmp_path: Path
):
    part = part_of(store, "zip")
    harm(store, part, Damage.MODE)
    outside = tmp_path / "outside"
    os.link(store / part.path, outside)
    before = seen(outside)

    report = run(world, store, action=Action.REPAIR)

    assert report.exit_code == 5
    assert seen(outside) == before
    assert stat.S_IMODE((store / part.path).stat().st_mode) == 0o444


def test_a_store_whose_folder_is_a_link_is_not_written_through(
    world: World, store: Path, tmp_path: Path
):
    part = part_of(store, "zip")
    harm(store, part, Damage.FLIPPED)
    folder = (store / part.path).parent
    outside = folder.rename(tmp_path / "outside")
    folder.symlink_to(outside)
    before = snapshot(outside)

    report = run(world, store, action=Action.REPAIR, offline=False)

    assert report.exit_code == 4
    assert [each.failed for each in report.done if each.failed]
    assert snapshot(outside) == before


@pytest.mark.parametrize("action", [Action.QUARANTINE, Action.DELETE, Action.REPAIR])
def test_documents_in_a_store_stay(world: World, store: Path, action: Action):
    names = (
        "blobs/thesis.txt",
        "blobs/sha256/thesis.txt",
        "blobs/sha256/ab/thesis.txt",
        "sumdb/essay.txt",
        f"sumdb/{_DATABASE}/tile/8/essay.txt",
        "quarantine/essay.txt",
        "quarantine/.essays/essay.txt",
        "staging/essay.txt",
        "journal/essay.txt",
        "journal/folder/essay.txt",
        "essay.txt",
    )
    for name in names:
        (store / name).parent.mkdir(parents=True, exist_ok=True)
        (store / name).write_text("the only copy")
        os.utime(store / name, (1, 1))
    harm(store, part_of(store, "zip"), Damage.FLIPPED)

    report = run(world, store, action=action, offline=False)

    assert report.exit_code == 5
    assert [name for name in names if not (store / name).exists()] == []


@pytest.mark.parametrize("action", [Action.QUARANTINE, Action.DELETE, Action.REPAIR])
def test_a_go_sum_with_another_name_is_replaced(
    world: World, tmp_path: Path, action: Action
):
    good = world.sim.publication(next(iter(world.sim.module_versions())))
    folder, outside = tmp_path / "project", tmp_path / "outside"
    folder.mkdir()
    wrong = "h1:" + "A" * 43 + "="
    outside.write_text(f"{ALPHA} v1.0.0 {wrong}\n{ALPHA} v1.0.0/go.mod {good.mod_h1}\n")
    os.link(outside, folder / "go.sum")
    (folder / "go.sum").chmod(0o640)
    before = seen(outside)

    report = run(world, folder, action=action, offline=False)

    assert report.exit_code == 5
    assert seen(outside) == before
    assert stat.S_IMODE((folder / "go.sum").stat().st_mode) == 0o640
