"""Plans, their limits, and the way back."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from gosync.folder.layouts import TargetKind
from gosync.folder.tree import FileTree
from gosync.gomod.module import ModuleVersion
from gosync.verify.act.plan import Action
from gosync.verify.act.quarantine import TargetQuarantine
from gosync.verify.act.restore import put_all_back
from gosync.verify.executor import TooManyError
from gosync.verify.verdicts import Cause, Verdict
from tests.unit.verify.caches import ALPHA, FOLDERS, World, run
from tests.unit.verify.damage import Damage, harm, link_copy, parts
from tests.unit.verify.test_matrix import snapshot


@pytest.mark.parametrize("kind", FOLDERS)
@pytest.mark.parametrize("name", ["zip", "mod"])
@pytest.mark.parametrize("damage", [Damage.OTHER_MODULE, Damage.LINK, Damage.FIFO])
def test_restoring_brings_back_every_byte(
    world: World, tmp_path: Path, kind: TargetKind, name: str, damage: Damage
):
    root = link_copy(world.pristine[kind], tmp_path / "cache")
    part = next(each for each in parts(kind, world.database.name) if each.name == name)
    harm(root, part, damage)
    before = snapshot(root)

    report = run(world, root, kind=kind, action=Action.QUARANTINE)
    assert snapshot(root) != before
    results = put_all_back(
        FileTree(root), TargetQuarantine(tmp_path / "state", report.quarantine)
    )

    assert [failed for _, failed in results if failed] == []
    assert snapshot(root) == before


def test_nothing_is_done_beyond_the_limit(world: World, tmp_path: Path):
    root = link_copy(world.pristine[TargetKind.ATHENS], tmp_path / "cache")
    for part in parts(TargetKind.ATHENS, world.database.name)[1:]:
        harm(root, part, Damage.EMPTY)
    before = snapshot(root)

    with pytest.raises(TooManyError, match="more than 0"):
        run(world, root, action=Action.DELETE, max_delete=0)

    assert snapshot(root) == before
    assert run(world, root, action=Action.DELETE, max_delete=1).exit_code == 5


def test_what_is_nested_too_deep_is_told_and_the_rest_is_cleaned(
    world: World, tmp_path: Path
):
    root = link_copy(world.pristine[TargetKind.ATHENS], tmp_path / "cache")
    harm(root, parts(TargetKind.ATHENS, world.database.name)[2], Damage.EMPTY)
    deep = root
    for _ in range(130):
        deep /= "d"
    deep.mkdir(parents=True)

    report = run(world, root, kind=TargetKind.ATHENS, action=Action.DELETE)

    assert report.exit_code == 4
    assert [(each.path, each.failed) for each in report.done] == [
        (f"{ALPHA}/v1.1.0", "")
    ]
    assert "folders deep" in report.outcome.unread[0].reason
    assert deep.is_dir()


@pytest.mark.parametrize("kind", [TargetKind.TREE, TargetKind.MODCACHE])
def test_beside_what_could_not_be_read_nothing_is_done(
    world: World, tmp_path: Path, kind: TargetKind, monkeypatch: pytest.MonkeyPatch
):
    """What a list should name is not known where a part of its module is not."""
    root = link_copy(world.pristine[kind], tmp_path / "cache")
    lists = sorted(root.rglob("@v/list"))
    for file in lists:
        file.unlink()
        file.write_text("v9.9.9\n")
    hidden = lists[0].parent
    real = os.open

    def refuse(path: str | Path, *args: int, **more: int) -> int:
        handle = real(path, *args, **more)
        if os.path.samestat(os.fstat(handle), hidden.stat()):
            os.close(handle)
            raise PermissionError(errno.EACCES, "Permission denied")
        return handle

    monkeypatch.setattr(os, "open", refuse)
    report = run(world, root, kind=kind, action=Action.DELETE)

    assert report.exit_code == 4
    folder = str(lists[1].parent.parent.relative_to(root))
    assert {each.path.startswith(folder) for each in report.done} == {True}
    assert lists[0].read_text() == "v9.9.9\n"
    assert "v9.9.9" not in lists[1].read_text()


def test_what_nobody_vouches_for_is_left_alone(world: World, tmp_path: Path):
    root = link_copy(world.pristine[TargetKind.ATHENS], tmp_path / "cache")
    before = snapshot(root)

    report = run(world, root, action=Action.DELETE, proofs=())

    assert report.exit_code == 75
    assert {each.cause for each in report.outcome.findings} == {Cause.UNASKED}
    assert snapshot(root) == before


def test_nothing_unproven_takes_a_place(world: World, tmp_path: Path):
    """The upstream serves other bytes than the log has: repair refuses them."""
    mv = ModuleVersion(ALPHA, "v1.1.0")
    root = link_copy(world.pristine[TargetKind.GOPROXY], tmp_path / "cache")
    part = parts(TargetKind.GOPROXY, world.database.name)[2]
    harm(root, part, Damage.EMPTY)
    before = snapshot(root)
    good = world.sim.publication(mv)
    with world.sim.swap_bytes("*/v1.1.0.zip"):
        report = run(
            world, root, kind=TargetKind.GOPROXY, action=Action.REPAIR, offline=False
        )
    assert world.sim.publication(mv) is good

    assert report.exit_code == 4
    (done,) = [each for each in report.done if each.failed]
    assert done.path == part.path
    assert snapshot(root) == before


def test_a_go_mod_is_brought_without_its_zip(world: World, tmp_path: Path):
    """As large as that may be, and gone, perhaps: the log has an h1 of each."""
    root = link_copy(world.pristine[TargetKind.TREE], tmp_path / "cache")
    part = parts(TargetKind.TREE, world.database.name)[1]
    harm(root, part, Damage.OTHER_MODULE)

    with world.sim.fail("*.zip", status=404) as fault:
        report = run(world, root, action=Action.REPAIR, offline=False)

    assert (report.exit_code, fault.hits) == (5, 0)


def test_a_private_module_is_held_against_a_go_sum(world: World, tmp_path: Path):
    root = link_copy(world.pristine[TargetKind.ATHENS], tmp_path / "cache")
    one = world.sim.publication(ModuleVersion(ALPHA, "v1.0.0"))
    sums = tmp_path / "go.sum"
    sums.write_text(f"{ALPHA} v1.0.0 {one.zip_h1}\n{ALPHA} v1.1.0 {one.zip_h1}\n")

    report = run(world, root, private=("alpha.example",), sums=(sums,))

    (finding,) = report.outcome.findings
    assert finding.verdict is Verdict.POLLUTED
    assert finding.path == f"{ALPHA}/v1.1.0/source.zip"
    assert finding.expected == one.zip_h1
    assert finding.evidence is not None
    assert finding.evidence.source == str(sums)


def test_a_fourth_file_goes_and_the_version_is_good_again(world: World, tmp_path: Path):
    root = link_copy(world.pristine[TargetKind.ATHENS], tmp_path / "cache")
    stray = root / ALPHA / "v1.0.0" / "cat.gif"
    stray.write_bytes(b"GIF89a")
    before = snapshot(world.pristine[TargetKind.ATHENS])

    report = run(world, root, action=Action.QUARANTINE)

    assert [each.verdict for each in report.outcome.findings] == [Verdict.ORPHAN]
    assert report.exit_code == 5
    assert snapshot(root) == before


def test_what_is_in_a_folder_that_goes_goes_along(world: World, tmp_path: Path):
    root = link_copy(world.pristine[TargetKind.ATHENS], tmp_path / "cache")
    harm(root, parts(TargetKind.ATHENS, world.database.name)[2], Damage.EMPTY)
    (root / ALPHA / "v1.1.0" / "cat.gif").write_bytes(b"GIF89a")

    report = run(world, root, action=Action.QUARANTINE)

    assert [(each.path, each.failed) for each in report.done] == [
        (f"{ALPHA}/v1.1.0", "")
    ]
    assert report.exit_code == 5


def test_a_half_extracted_folder_goes_before_its_mark(world: World, tmp_path: Path):
    root = link_copy(world.pristine[TargetKind.MODCACHE], tmp_path / "cache")
    mark = root / "cache/download/alpha.example/!alpha/@v/v1.1.0.partial"
    mark.write_bytes(b"")
    (root / "alpha.example/!alpha@v1.1.0/x.go").unlink()

    report = run(world, root, action=Action.REPAIR)

    assert [each.verdict for each in report.outcome.findings] == [Verdict.INCOMPLETE]
    assert [each.path for each in report.done] == [
        "alpha.example/!alpha@v1.1.0",
        str(mark.relative_to(root)),
    ]
    assert report.exit_code == 5


def test_a_quarantine_that_somebody_changed_leads_nowhere_else(
    world: World, tmp_path: Path
):
    root = link_copy(world.pristine[TargetKind.ATHENS], tmp_path / "cache")
    harm(root, parts(TargetKind.ATHENS, world.database.name)[2], Damage.EMPTY)
    report = run(world, root, action=Action.QUARANTINE)
    manifest = tmp_path / "state" / "quarantine" / report.quarantine / "moved.json"
    for path in ("../outside", "a/../../outside", "/etc/outside", "..", ""):
        text = json.loads(manifest.read_text())
        text["entries"][0]["path"] = path
        manifest.write_text(json.dumps(text))

        quarantine = TargetQuarantine(tmp_path / "state", report.quarantine)
        ((_, failed),) = put_all_back(FileTree(root), quarantine)

        assert failed, path
    assert not (tmp_path / "outside").exists()


def test_what_lies_on_the_shelf_of_an_earlier_gosync_comes_back(
    world: World, tmp_path: Path
):
    root = link_copy(world.pristine[TargetKind.TREE], tmp_path / "cache")
    part = parts(TargetKind.TREE, world.database.name)[0]
    harm(root, part, Damage.EMPTY)
    before = snapshot(root)
    report = run(world, root, action=Action.QUARANTINE)
    (tmp_path / "state/quarantine").rename(tmp_path / "state/shelf")

    results = put_all_back(
        FileTree(root), TargetQuarantine(tmp_path / "state", report.quarantine)
    )

    assert [failed for _, failed in results if failed] == []
    assert snapshot(root) == before
