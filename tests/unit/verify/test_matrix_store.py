"""Every kind of file of gosync's own store, damaged in every way, met in every way.

Each cell: the right verdict at the right place, the right exit code, nothing good
touched, a second run that says the same, and a quarantine that can be undone, byte
for byte and row for row.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import asdict

from gosync.catalog.db import Catalog
from gosync.catalog.versions import State
from gosync.clock import SystemClock
from gosync.errors import StoreError
from gosync.folder.layouts import TargetKind
from gosync.verify.act.plan import Action
from gosync.verify.executor import restore
from gosync.verify.report import VerifyReport
from gosync.verify.request import VerifyRequest
from gosync.verify.verdicts import Verdict
from tests.integration.site import Site
from tests.tiers import pairwise, shared_out
from tests.unit.verify.caches import ALPHA, BETA, World, run
from tests.unit.verify.damage import ACCESS, DAMAGES, SHAPES, Damage, Part, harm
from tests.unit.verify.test_matrix import snapshot

_OK, _CORRUPT, _INCOMPLETE = Verdict.OK, Verdict.CORRUPT, Verdict.INCOMPLETE
_BLOBS = ("info", "mod", "zip")
_BESIDE = ("tile", "journal", "evidence", "evidence.json")
_ROWS = {
    "its h1": "mod_h1 = replace(mod_h1, 'h1:', 'h1:x')",
    "the zip's h1": "zip_h1 = (SELECT zip_h1 FROM versions WHERE version = 'v1.0.0')",
    "a size": "zip_bytes = zip_bytes + 1",
    "its record": "record_text = CAST(replace(CAST(record_text AS TEXT),"
    " 'v1.1.0', 'v1.1.1') AS BLOB)",
    "its record's number": "record_id = record_id + 1",
}


@pytest.fixture(autouse=True)
def _quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody cuts the power here; other tests see to durability."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def rows_of(store: Path) -> dict[str, dict[str, object]]:
    """Return the catalog's rows, but for the number that trees follow."""
    file = store / "catalog.sqlite"
    with Catalog.open(file, create=False, readonly=True) as catalog:
        rows = [asdict(row) for row in catalog.versions.all_rows()]
    return {f"{row['path']}@{row['version']}": {**row, "changed": None} for row in rows}


def part_of(store: Path, name: str) -> Part:
    """Return where a kind of file lies, with the same of others."""
    if name in _BLOBS:
        rows = rows_of(store)
        digests = [
            str(rows[mv][f"{name}_digest"])
            for mv in (f"{ALPHA}@v1.1.0", f"{ALPHA}@v1.0.0", f"{BETA}@v0.2.0")
        ]
        own, older, others = (f"blobs/sha256/{each[:2]}/{each}" for each in digests)
        return Part(name, own, older, others, {"zip": 70, "mod": 9}.get(name, 0))
    if name == "tile":
        tiles = next((store / "sumdb").glob("*/tile"))
        found = (f for f in tiles.rglob("*") if f.is_file() and f.name != "000")
        other = str(next(found).relative_to(store))
        own = str((tiles / "8/0/000").relative_to(store))
        return Part(name, own, other, other, 40)
    if name == "journal":
        return Part(name, "journal/00000001.jsonl", "", "lock", 1)
    one, two = sorted((store / "quarantine").iterdir())
    file = "answer" if name == "evidence" else "evidence.json"
    own, other = (str((each / file).relative_to(store)) for each in (one, two))
    return Part(name, own, "", other)


def verify(
    world: World,
    store: Path,
    action: Action = Action.REPORT,
    looked: Callable[[VerifyReport], None] | None = None,
) -> VerifyReport:
    offline = action is not Action.REPAIR
    return run(world, store, action=action, offline=offline, looked=looked)


def undo(world: World, store: Path, report: VerifyReport) -> list[str]:
    """Restore, and return what could not be."""
    state = store.parent / "state"
    request = VerifyRequest(path=store, site=world.site(store.parent), state=state)
    results = restore(request, report.quarantine, SystemClock())
    return [failed for _, failed in results if failed]


def files_of(store: Path) -> dict[str, object]:
    """Return the files that are no database's own."""
    found = snapshot(store)
    return {p: each for p, each in found.items() if not p.startswith(("cata", "lock"))}


def expected(name: str, damage: Damage) -> set[Verdict]:
    if damage in ACCESS or damage in SHAPES:
        return {_CORRUPT}
    if name == "journal":
        # Lines that are there or not; a torn end may be of a run that writes now.
        return {_CORRUPT, _INCOMPLETE} if damage is Damage.FLIPPED else {_INCOMPLETE}
    if damage is Damage.MISSING:
        return {"tile": {_OK}, "evidence.json": {_CORRUPT}}.get(name, {_INCOMPLETE})
    if name in {"zip", "mod"} and damage in {Damage.OTHER_VERSION, Damage.OTHER_MODULE}:
        return {Verdict.POLLUTED}
    if name == "mod" and damage is Damage.FLIPPED:
        return {Verdict.POLLUTED}
    return {_CORRUPT}


def can(name: str, damage: Damage) -> bool:
    return damage is not Damage.OTHER_VERSION or name in {*_BLOBS, "tile"}


def is_met(name: str, damage: Damage, action: Action) -> bool:
    """Tell whether an action leaves nothing to find."""
    if damage in ACCESS:
        return action is Action.REPAIR
    if name == "journal":
        return action is Action.REPAIR
    return not (name.startswith("evidence") and action is Action.DELETE)


ACTIONS = (Action.QUARANTINE, Action.REPAIR, Action.DELETE)
CELLS = pairwise(
    [
        (name, damage, action)
        for name in (*_BLOBS, *_BESIDE)
        for damage in DAMAGES
        if can(name, damage)
        for action in ACTIONS
    ]
)


@pytest.mark.sampled
@pytest.mark.parametrize(("name", "damage", "action"), shared_out(CELLS, columns=3))
def test_a_file(world: World, store: Path, name: str, damage: Damage, action: Action):
    part = part_of(store, name)
    harm(store, part, damage)
    before, rows = files_of(store), rows_of(store)

    def check_report(report: VerifyReport) -> None:
        found, due = report.outcome.findings, expected(name, damage)
        assert ({each.verdict for each in found} or {_OK}) <= due, found
        assert all(each.path.startswith(place_of(name, part)) for each in found), found
        assert report.exit_code == (4 if found else 0)
        assert (files_of(store), rows_of(store)) == (before, rows)

    report = verify(world, store, action, check_report)
    after = files_of(store)
    again = verify(world, store, action)

    found = report.outcome.findings
    assert [each for each in report.done if each.failed] == []
    met = bool(found) and is_met(name, damage, action)
    assert report.exit_code == (5 if met else 4 if found else 0), report.remaining
    assert again.outcome.findings == report.remaining
    changed = {p for p in {*before, *after} if before.get(p) != after.get(p)}
    _check_changed(changed, part, name, action, touched=met)
    assert files_of(store) == after
    if action is Action.QUARANTINE and met:
        assert undo(world, store, report) == []
        assert (files_of(store), rows_of(store)) == (before, rows)


def place_of(name: str, part: Part) -> str:
    """Return what the paths of its findings begin with."""
    if name == "journal":
        return "journal"
    return part.path.rpartition("/")[0] if name == "evidence.json" else part.path


def _check_changed(
    changed: set[str], part: Part, name: str, action: Action, *, touched: bool
) -> None:
    if not touched:
        assert changed == set()
        return
    own = part.path.rpartition("/")[0] if name.startswith("evid") else part.path
    allowed = {part.path, *(p for p in changed if f"{p}/".startswith(f"{own}/"))}
    if action is Action.REPAIR and name in _BLOBS:
        allowed.add("journal/00000001.jsonl")  # what came has its line
    assert changed <= allowed


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("change", _ROWS, ids=list(_ROWS))
def test_a_row(world: World, store: Path, change: str, action: Action):
    file = store / "catalog.sqlite"
    with Catalog.open(file, create=False) as catalog:
        where = f" WHERE path = '{ALPHA}' AND version = 'v1.1.0'"
        catalog._connection.write(f"UPDATE versions SET {_ROWS[change]}{where}")
    rows, before = rows_of(store), files_of(store)

    def check_report(report: VerifyReport) -> None:
        found = {(each.verdict, each.path) for each in report.outcome.findings}
        assert found == {(_CORRUPT, "catalog.sqlite")}
        assert report.exit_code == 4
        assert (files_of(store), rows_of(store)) == (before, rows)

    report = verify(world, store, action, check_report)
    after = rows_of(store)

    changed = {mv for mv in rows if rows[mv] != after[mv]}
    assert [each for each in report.done if each.failed] == []
    assert report.exit_code == 5, report.remaining
    assert changed == {f"{ALPHA}@v1.1.0"}
    assert verify(world, store).exit_code == 0
    if action is Action.REPAIR:
        assert after[f"{ALPHA}@v1.1.0"]["state"] is State.PRESENT
    else:
        assert files_of(store) == before  # good blobs are not the row's fault
        assert after[f"{ALPHA}@v1.1.0"]["state"] is State.WANTED
        assert undo(world, store, report) == []
        assert rows_of(store) == rows


@pytest.mark.parametrize("action", [Action.REPORT, Action.REPAIR])
@pytest.mark.parametrize(
    "damage", [d for d in DAMAGES if d is not Damage.OTHER_VERSION]
)
def test_the_catalogs_file(world: World, store: Path, damage: Damage, action: Action):
    part = Part("catalog", "catalog.sqlite", "", "journal/00000001.jsonl", 3)
    harm(store, part, damage)
    before = files_of(store)

    if damage in {*ACCESS, Damage.LINK}:
        report = run(world, store, kind=TargetKind.STORE, action=action)
        due = damage in ACCESS
        assert report.exit_code == ((5 if action is Action.REPAIR else 4) if due else 0)
        return

    with pytest.raises(StoreError) as caught:
        run(world, store, kind=TargetKind.STORE, action=action)
    assert caught.value.exit_code == 7
    assert caught.value.hint
    assert files_of(store) == before


def test_a_go_mod_that_is_carried_alone_stays_alone(world: World, store: Path):
    with Catalog.open(store / "catalog.sqlite", create=False) as catalog:
        catalog._connection.write(
            "UPDATE versions SET need = 'mod', zip_digest = NULL, zip_bytes = NULL"
            f" WHERE path = '{ALPHA}' AND version = 'v1.1.0'"
        )
    harm(store, part_of(store, "mod"), Damage.EMPTY)
    rows = rows_of(store)

    assert verify(world, store, Action.REPAIR).exit_code == 5

    mv = f"{ALPHA}@v1.1.0"
    kept = ("need", "state", "zip_digest", "mod_digest", "mod_h1")
    assert [rows_of(store)[mv][key] for key in kept] == [rows[mv][key] for key in kept]


@pytest.mark.parametrize("damage", [Damage.FLIPPED, Damage.MISSING, Damage.FIFO])
def test_a_repair_can_be_undone(world: World, store: Path, damage: Damage):
    """An undone repair leaves what was there, with the rows that named it."""
    harm(store, part_of(store, "zip"), damage)
    rows, before = rows_of(store), files_of(store)
    report = verify(world, store, Action.REPAIR)
    assert report.exit_code == 5

    failed = undo(world, store, report)

    assert rows_of(store) == rows
    changed = {p for p, each in files_of(store).items() if before.get(p) != each}
    if damage is Damage.MISSING:  # there is nothing to put in its place
        assert changed == {"journal/00000001.jsonl", part_of(store, "zip").path}
    else:
        assert failed == []
        assert changed == {"journal/00000001.jsonl"}  # the row has a line again


def test_what_a_sync_brought_since_is_left_alone(world: World, store: Path):
    harm(store, part_of(store, "zip"), Damage.FLIPPED)
    report = verify(world, store, Action.QUARANTINE)
    whole = verify(world, store, Action.REPAIR)
    site = Site(store.parent / "site", world.sim, modules=[ALPHA, BETA])
    shutil.move(store, site.store)
    site.sync()
    shutil.move(site.store, store)
    rows = rows_of(store)

    failed = undo(world, store, report)

    assert whole.exit_code == 0
    assert len(failed) == 2
    assert rows_of(store) == rows
    assert verify(world, store).exit_code == 0
