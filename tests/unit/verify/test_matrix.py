"""Every kind of file of every layout, damaged in every way, met with every action.

Each cell: the right verdict at the right place, the right exit code, nothing good
touched, and a second run that says the same. What a mere report says, and that it
touches nothing, is seen before each action.
"""

from __future__ import annotations

import os
import stat
from functools import partial
from pathlib import Path

import pytest

from gosync.folder.layouts import TargetKind
from gosync.verify.act.plan import Action
from gosync.verify.report import VerifyReport
from gosync.verify.verdicts import Verdict
from tests.tiers import pairwise, shared_out
from tests.unit.verify.caches import FOLDERS, World, run
from tests.unit.verify.damage import (
    ACCESS,
    DAMAGES,
    Damage,
    Part,
    can,
    expected,
    harm,
    link_copy,
    parts,
)

_DATABASE = "sum.sample.example"
_PARTS = {(kind, p.name): p for kind in FOLDERS for p in parts(kind, _DATABASE)}
_ACTIONS = (Action.QUARANTINE, Action.DELETE, Action.REPAIR)
CELLS = [
    pytest.param(*cell, id="-".join(cell))
    for cell in pairwise(
        [
            (*at, damage, action)
            for at, part in _PARTS.items()
            for damage in DAMAGES
            if can(part, damage)
            for action in _ACTIONS
        ]
    )
]


def snapshot(root: Path) -> dict[str, object]:
    """Return what is at each path: bytes, or what it is."""
    found: dict[str, object] = {}
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder) / name
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode):
                found[str(path.relative_to(root))] = (path.read_bytes(), mode)
            else:
                found[str(path.relative_to(root))] = stat.S_IFMT(mode)
    return found


def traces(root: Path) -> dict[str, object]:
    """Return what tells of each path whether anybody wrote it, in a fifth of the time.

    Files are links to pristine ones, so that one written anew is another one.
    """
    found: dict[str, object] = {}
    pending = [root]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for each in entries:
                state = each.stat(follow_symlinks=False)
                facts = (state.st_ino, state.st_mtime_ns, state.st_mode, state.st_uid)
                is_folder = each.is_dir(follow_symlinks=False)
                found[each.path] = state.st_mode if is_folder else facts
                if is_folder:
                    pending.append(Path(each.path))
    return {path.removeprefix(f"{root}/"): each for path, each in found.items()}


def may_change(kind: TargetKind, part: Part, path: str) -> bool:
    """Tell whether an action on a part may touch a path: it is bad, or follows."""
    if path == part.path or path.startswith(f"{part.path}/"):
        return True
    folder = part.path.rpartition("/")[0]
    if kind is TargetKind.ATHENS or part.name == "extracted":
        return f"{path}/".startswith(f"{folder}/")
    name = path.rpartition("/")[2]
    same_module = path.startswith(folder.removesuffix("/@v"))
    follows = ("list", "@latest", "v1.1.0.ziphash")
    return same_module and name in follows


@pytest.fixture(autouse=True)
def _quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody cuts the power here; other tests see to durability."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.mark.sampled
@pytest.mark.parametrize(("kind", "name", "damage", "action"), shared_out(CELLS))
def test_a_cell(
    world: World,
    tmp_path: Path,
    kind: TargetKind,
    name: str,
    damage: Damage,
    action: Action,
):
    part = _PARTS[kind, name]
    root = link_copy(world.pristine[kind], tmp_path / "cache")
    harm(root, part, damage)
    before = traces(root)
    offline = action is not Action.REPAIR

    def check_report(report: VerifyReport) -> None:
        found = report.outcome.findings
        place = part.path if part.name != "extracted" else part.path.rpartition("/")[0]
        said = {each.verdict for each in found if each.path == place} or {Verdict.OK}
        assert said <= expected(kind, part, damage), found
        assert report.exit_code == (4 if found else 0)
        assert traces(root) == before

    act = partial(run, world, root, kind=kind, action=action)
    report = act(offline=offline, looked=check_report)
    after = traces(root)
    again = act(offline=True)

    found = report.outcome.findings
    both = before.keys() | after.keys()
    changed = {path for path in both if before.get(path) != after.get(path)}
    assert all(may_change(kind, part, path) for path in changed), changed
    assert [each for each in report.done if each.failed] == []
    assert report.exit_code == (0 if not found else 4 if report.remaining else 5)
    assert again.outcome.findings == report.remaining
    assert traces(root) == after
    if action is Action.REPAIR:
        assert report.remaining == []
    if action is not Action.REPAIR and found and not is_kept(damage):
        assert before.get(part.path) != after.get(part.path)


def is_kept(damage: Damage) -> bool:
    """Tell what is no reason to take a file away: its bytes are good, or not there."""
    return damage in ACCESS or damage is Damage.MISSING
