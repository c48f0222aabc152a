"""Killed at any step of an action, and run again: the same end, nothing lost.

A child process ends itself at its n-th change of a name (rename, link, unlink,
mkdir, rmdir), as kill -9 would, without a chance to tidy up.
"""

from __future__ import annotations

import json
import os
import shutil
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from gosync.clock import SystemClock
from gosync.folder.layouts import TargetKind
from gosync.verify.act.plan import Action
from gosync.verify.executor import restore
from gosync.verify.request import VerifyRequest
from tests.integration.test_crash_disk import disk
from tests.tiers import EVERY_STEP
from tests.unit.verify.caches import ALPHA, World, run
from tests.unit.verify.damage import Damage, harm, link_copy, parts
from tests.unit.verify.test_matrix import snapshot
from tests.unit.verify.test_matrix_store import rows_of
from tests.unit.verify.test_store import blob_of

_STEPS = ("rename", "replace", "link", "unlink", "mkdir", "rmdir")
_KILLED = 9
THINNED = 1 if EVERY_STEP else 3  # how far apart the tried steps are

pytestmark = pytest.mark.sampled


@pytest.fixture(autouse=True)
def _quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Do the work in a child that dies at a step; return whether it got so far."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads stay behind
        child = os.fork()
    if child == 0:
        try:
            _die_at(step)
            work()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == _KILLED


def _die_at(step: int) -> None:
    done = 0

    def counted(real: Callable[..., object], *args: object, **more: object) -> object:
        nonlocal done
        done += 1
        if done > step:
            os._exit(_KILLED)
        return real(*args, **more)

    for name in _STEPS:
        setattr(os, name, partial(counted, getattr(os, name)))


def damaged(world: World, kind: TargetKind, root: Path) -> Path:
    link_copy(world.pristine[kind], root)
    for part in parts(kind, world.database.name):
        if part.name == "zip":
            harm(root, part, Damage.OTHER_MODULE)
    return root


def everything(*roots: Path) -> set[bytes]:
    """Return the contents of all files."""
    found: set[bytes] = set()
    for root in roots:
        found |= {f.read_bytes() for f in root.rglob("*") if f.is_file()}
    return found


@pytest.mark.parametrize(
    "kind", [TargetKind.TREE, TargetKind.MODCACHE, TargetKind.ATHENS]
)
@pytest.mark.parametrize("action", [Action.QUARANTINE, Action.DELETE])
def test_removing(world: World, tmp_path: Path, kind: TargetKind, action: Action):
    check(world, tmp_path, kind, action)


@pytest.mark.parametrize("kind", [TargetKind.TREE, TargetKind.ATHENS])
def test_repairing(world: World, tmp_path: Path, kind: TargetKind):
    check(world, tmp_path, kind, Action.REPAIR, every=4)


def check(
    world: World, tmp_path: Path, kind: TargetKind, action: Action, *, every: int = 2
) -> None:
    every *= THINNED
    offline = action is not Action.REPAIR
    act = partial(run, world, kind=kind, action=action, offline=offline)
    whole = damaged(world, kind, tmp_path / "whole" / "cache")
    assert act(whole).exit_code == 5
    end = snapshot(whole)
    step = 0
    while True:
        folder = tmp_path / str(step)
        root = damaged(world, kind, folder / "cache")
        before = everything(root)
        died = killed_at(step, partial(act, root))
        if action is not Action.DELETE:
            assert before <= everything(root, folder), step
        again = act(root)
        assert again.exit_code in {0, 5}, (step, again.remaining)
        assert snapshot(root) == end, step
        assert run(world, root, kind=kind).exit_code == 0
        shutil.rmtree(folder)
        if not died:
            break
        step += every
    assert step > 3


def test_moving_to_another_disk_and_back(world: World, tmp_path: Path):
    """Killed at any step of either way, what was there is in one place at least."""
    kind, step, died = TargetKind.MODCACHE, 0, True
    while died:
        folder = tmp_path / str(step)
        root, state = damaged(world, kind, folder / "cache"), folder / "state"
        harm(root, parts(kind, world.database.name)[-2], Damage.OTHER_MODULE)
        before, at_first = everything(root), snapshot(root)
        act = partial(run, world, root, kind=kind, action=Action.QUARANTINE)
        with disk(state, 64 << 20):
            died = killed_at(step, act)
            assert before <= everything(root, state), step
            assert act().exit_code in {0, 5}, step
            moved = before - everything(root)
            _put_back(world, root, state, step)
            assert moved <= everything(root, state), step
            for quarantine in _quarantines(state):
                _restore(world, root, state, quarantine.name)
            assert snapshot(root) == at_first, step
        step += 3 * THINNED
    assert step > 6


def _restore(world: World, root: Path, state: Path, name: str) -> None:
    request = VerifyRequest(path=root, site=world.site(root.parent), state=state)
    restore(request, name, SystemClock())


def _put_back(world: World, root: Path, state: Path, step: int) -> None:
    """Restore the newest quarantine, and be killed on the way."""
    newest = _quarantines(state)[0]
    killed_at(step, partial(_restore, world, root, state, newest.name))


def _quarantines(state: Path) -> list[Path]:
    """Return the quarantines on which something may be, the newest first."""
    found = (each.parent for each in (state / "quarantine").glob("*/moved.json"))
    return sorted(found, key=lambda each: each.stat().st_mtime_ns, reverse=True)


def test_removing_from_gosyncs_own_store(world: World, synced: Path, tmp_path: Path):
    """And the way back: no row ever names a blob that is not there (I1)."""
    step = 0
    while True:
        store = damaged_store(synced, tmp_path / str(step))
        rows, bad = rows_of(store), blob_of(store, ALPHA, "v1.1.0").read_bytes()
        act = partial(run, world, store, action=Action.QUARANTINE)
        died = killed_at(step, act)
        assert bad in everything(tmp_path / str(step))
        assert has_its_blobs(store)
        assert act().exit_code in {0, 5}, step
        assert run(world, store).exit_code == 0
        if not died:
            break
        step += 1

    whole = max((store.parent / "state/quarantine").iterdir()).name
    died, way_back = True, 0
    while died:
        folder = tmp_path / f"back-{way_back}"
        state = Path(shutil.copytree(store.parent / "state", folder / "state"))
        there = Path(shutil.copytree(store, folder / "store"))
        _point(state / "quarantine" / whole / "moved.json", store, there)
        request = VerifyRequest(path=there, site=world.site(folder), state=state)
        back = partial(restore, request, whole, SystemClock())
        died = killed_at(way_back, back)
        assert has_its_blobs(there)
        back()
        assert rows_of(there) == rows, way_back
        assert blob_of(there, ALPHA, "v1.1.0").read_bytes() == bad
        way_back += 1
    assert min(step, way_back) > 1


def damaged_store(synced: Path, folder: Path) -> Path:
    store = Path(shutil.copytree(synced, folder / "store"))
    blob = blob_of(store, ALPHA, "v1.1.0")
    data = blob.read_bytes()
    blob.unlink()
    blob.write_bytes(data[:70] + bytes([data[70] ^ 1]) + data[71:])
    return store


def has_its_blobs(store: Path) -> bool:
    digests = (
        str(row[f"{kind}_digest"])
        for row in rows_of(store).values()
        for kind in ("info", "mod", "zip")
        if row[f"{kind}_digest"]
    )
    return all((store / "blobs/sha256" / d[:2] / d).is_file() for d in digests)


def _point(manifest: Path, old: Path, new: Path) -> None:
    """Let a quarantine be another store's."""
    text = json.loads(manifest.read_text())
    assert text["target"] == str(old)
    manifest.write_text(json.dumps({**text, "target": str(new)}))
