"""Versions checked elsewhere: the same report, and nothing believed unseen."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from gosync.folder.layouts import TargetKind
from gosync.folder.shared import SharedFolder
from gosync.gomod.patterns import PatternSet
from gosync.text import encode_json
from gosync.verify.look.portions import Portion, check_portion
from gosync.verify.look.targets import open_folder
from gosync.verify.prove.answers import ProofAnswer
from gosync.verify.report import VerifyReport, verified_report
from gosync.work.sweep import UnsharedError
from tests.sweeps import PickledSweep
from tests.tiers import spread
from tests.unit.verify.caches import ALPHA, FOLDERS, World, run
from tests.unit.verify.damage import DAMAGES, can, harm, link_copy, parts
from tests.unit.verify.test_store import blob_of, spoil

_DATABASE = "sum.sample.example"
_CELLS = [
    pytest.param(kind, part, damage, id=f"{kind}-{part.name}-{damage}")
    for kind in FOLDERS
    for part in parts(kind, _DATABASE)
    for damage in DAMAGES
    if can(part, damage)
]


def _both(world: World, root: Path, sweep: PickledSweep) -> tuple[VerifyReport, ...]:
    """Verify here and elsewhere."""
    here = run(world, root, state=root.parent / "one")
    apart = run(world, root, state=root.parent / "two", sweep=sweep)
    return here, apart


def _told(report: VerifyReport) -> bytes:
    """Return what is printed of a report, but for the times and the state folder."""
    told = verified_report(report)
    return encode_json(replace(told, begun_at="", ended_at="", kept_in=""))


@pytest.mark.parametrize(("kind", "part", "damage"), spread(_CELLS, 20))
def test_damage_is_told_the_same(world, tmp_path, kind, part, damage):
    root = link_copy(world.pristine[kind], tmp_path / "cache")
    harm(root, part, damage)
    sweep = PickledSweep()

    here, apart = _both(world, root, sweep)

    assert _told(apart) == _told(here)
    assert sweep.steps == 1
    assert sweep.open == 0


@pytest.mark.parametrize("spoiled", [False, True])
def test_the_own_store_is_told_the_same(world: World, store: Path, spoiled: bool):
    sweep = PickledSweep()
    if spoiled:
        spoil(blob_of(store, ALPHA, "v1.1.0"), b"spoiled")

    here, apart = _both(world, store, sweep)

    assert _told(apart) == _told(here)
    assert (sweep.steps, sweep.here) == (1, 0)


@pytest.fixture
def portion(world: World, tmp_path: Path) -> Portion:
    root = link_copy(world.pristine[TargetKind.TREE], tmp_path / "cache")
    target = open_folder(root, TargetKind.TREE, world.database, PatternSet(()))
    made = target.portion({mv: ProofAnswer() for mv in target.versions()})
    found: Portion = pickle.loads(pickle.dumps(made))
    return found


def _folder(portion: Portion) -> SharedFolder:
    assert isinstance(portion.shared, SharedFolder)
    return portion.shared


def test_what_is_whole_is_answered(portion: Portion):
    done = check_portion(portion)
    assert all(each is not None and not each.findings for each in done)


def test_a_file_that_is_another_one_there_is_looked_at_here(portion: Portion):
    entry = next(iter(portion.versions[1].entries.values()))
    file = Path(_folder(portion).root, entry.path)
    data = file.read_bytes()
    file.unlink()
    file.write_bytes(data)

    done = check_portion(portion)

    assert [each is None for each in done] == [False, True, False, False]


def test_what_is_bad_is_looked_at_here(portion: Portion):
    entries = portion.versions[2].entries
    entry = next(iter(entries.values()))
    file = Path(_folder(portion).root, entry.path)
    size, times = entry.stat.st_size, (entry.stat.st_atime_ns, entry.stat.st_mtime_ns)
    shutil.copy2(file, file.with_suffix(".copy"))
    with file.with_suffix(".copy").open("r+b") as copy:
        copy.write(b"\0" * size)
    os.utime(file.with_suffix(".copy"), ns=times)
    file.with_suffix(".copy").replace(file)
    seen = replace(entry, stat=file.lstat())
    bad = replace(
        portion.versions[2],
        entries={
            role: seen if each is entry else each for role, each in entries.items()
        },
    )

    assert check_portion(replace(portion, versions=(bad,))) == [None]


def test_a_worker_without_the_folder_says_so(portion: Portion):
    folder = _folder(portion)
    away = replace(folder, root=f"{folder.root}/away")
    with pytest.raises(UnsharedError, match="not a folder"):
        check_portion(replace(portion, shared=away))


def test_another_folder_in_its_place_is_not_looked_at(portion: Portion, tmp_path: Path):
    root = Path(_folder(portion).root)
    shutil.copytree(root, tmp_path / "other")
    shutil.rmtree(root)
    (tmp_path / "other").rename(root)

    with pytest.raises(UnsharedError, match="is another folder there"):
        check_portion(portion)
