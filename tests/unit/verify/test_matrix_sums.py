"""Every line of go.sum and go.work.sum, damaged in every way, met with every action.

The lines of a file that are good stay as they are, and so does the other file.
"""

from __future__ import annotations

import os
from itertools import product
from pathlib import Path

import pytest

from gosync.errors import UsageError
from gosync.verify.act.plan import Action
from gosync.verify.look.gosum import NAMES
from gosync.verify.verdicts import Verdict
from tests.tiers import pairwise
from tests.unit.verify.caches import ALPHA, BETA, World, run
from tests.unit.verify.damage import DAMAGES, Damage
from tests.unit.verify.test_gosum import lines
from tests.unit.verify.test_matrix import snapshot

# The lines: ALPHA's zip and go.mod at v1.0.0, at v1.1.0, BETA's zip and go.mod.
_ZIP, _MOD = 0, 1
_OF_LINES = (
    Damage.MISSING,
    Damage.EMPTY,
    Damage.TRUNCATED,
    Damage.FLIPPED,
    Damage.OTHER_VERSION,
    Damage.OTHER_MODULE,
)
_EXPECTED = {
    Damage.MISSING: {Verdict.OK},
    Damage.EMPTY: {Verdict.CORRUPT},
    Damage.TRUNCATED: {Verdict.CORRUPT},
    # One bit away from base64 may be base64 again.
    Damage.FLIPPED: {Verdict.CORRUPT, Verdict.POLLUTED},
    Damage.OTHER_VERSION: {Verdict.POLLUTED},
    Damage.OTHER_MODULE: {Verdict.POLLUTED},
}
_REFUSED = frozenset({Damage.MISSING, Damage.FOLDER, Damage.FIFO})


@pytest.fixture
def project(world: World, tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    text = lines(world, (ALPHA, "v1.0.0"), (ALPHA, "v1.1.0"), (BETA, "v0.1.0"))
    for name in NAMES:
        (folder / name).write_text(text)
    return folder


def harm_line(file: Path, at: int, damage: Damage) -> None:
    """Do it to one line."""
    rows = file.read_text().splitlines()
    path, version, h1 = rows[at].split()
    other = rows[at + (2 if damage is Damage.OTHER_VERSION else 4)].split()[2]
    instead = {
        Damage.MISSING: [],
        Damage.EMPTY: [f"{path} {version}"],
        Damage.TRUNCATED: [f"{path} {version} {h1[:20]}"],
        Damage.FLIPPED: [f"{path} {version} {h1[:9]}{chr(ord(h1[9]) ^ 1)}{h1[10:]}"],
    }.get(damage, [f"{path} {version} {other}"])
    rows[at : at + 1] = instead
    file.write_text("\n".join(rows) + "\n")


def harm_file(file: Path, damage: Damage) -> None:
    """Do it to all of it."""
    data = file.read_bytes()
    file.unlink()
    match damage:
        case Damage.EMPTY:
            file.touch()
        case Damage.TRUNCATED:
            file.write_bytes(data[:-30])
        case Damage.MODE | Damage.OWNER:
            file.write_bytes(data)
            file.chmod(0o666 if damage is Damage.MODE else 0o600)
            if damage is Damage.OWNER:
                os.chown(file, 12345, 12345)
        case Damage.FOLDER:
            file.mkdir()
        case Damage.LINK:
            (file.parent.parent / "outside").write_bytes(data)
            file.symlink_to("../outside")
        case Damage.FIFO:
            os.mkfifo(file)


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("name", "at", "damage", "action"),
    pairwise(list(product(NAMES, (_ZIP, _MOD), _OF_LINES, Action))),
)
def test_a_line(
    world: World, project: Path, name: str, at: int, damage: Damage, action: Action
):
    good = (project / name).read_bytes().splitlines()
    harm_line(project / name, at, damage)
    before = snapshot(project)

    report = run(world, project, action=action)
    after = snapshot(project)
    again = run(world, project, action=action)

    found = report.outcome.findings
    assert ({each.verdict for each in found} or {Verdict.OK}) <= _EXPECTED[damage]
    assert all(each.path == f"{name}:{at + 1}" for each in found)
    acted = action is not Action.REPORT and bool(found)
    assert report.exit_code == (5 if acted else 4 if found else 0)
    changed = {path for path in before if before[path] != after[path]}
    assert changed == ({name} if acted else set())
    if acted:
        row = good[at] if action is Action.REPAIR and found[0].expected else None
        left = [each for each in (*good[:at], row, *good[at + 1 :]) if each]
        assert (project / name).read_bytes().splitlines() == left
        assert again.exit_code == 0
    else:
        assert again.outcome.findings == found
    assert snapshot(project) == after


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("damage", [d for d in DAMAGES if d not in _OF_LINES[3:]])
@pytest.mark.parametrize("name", NAMES)
def test_a_file(world: World, project: Path, name: str, damage: Damage, action: Action):
    harm_file(project / name, damage)
    before = snapshot(project)
    if damage in _REFUSED:  # in time, with what to name
        with pytest.raises(UsageError, match=name):
            run(world, project / name, action=action)
        assert snapshot(project) == before
        return

    report = run(world, project / name, action=action)
    again = run(world, project / name, action=action)

    is_mended = {
        Damage.TRUNCATED: action is not Action.REPORT,
        Damage.MODE: action is Action.REPAIR,
        Damage.OWNER: action is Action.REPAIR,
    }
    due = damage in is_mended
    assert [e.verdict for e in report.outcome.findings] == [Verdict.CORRUPT] * due
    assert report.exit_code == ((5 if is_mended[damage] else 4) if due else 0)
    assert again.exit_code == (4 if due and not is_mended[damage] else 0)
    after = snapshot(project)
    assert {p for p in before if before[p] != after[p]} == (
        {name} if due and is_mended[damage] else set()
    )


@pytest.mark.parametrize("action", [Action.REPAIR, Action.DELETE])
def test_what_a_link_leads_to_is_not_changed(
    world: World, project: Path, action: Action
):
    harm_line(project / "go.sum", _ZIP, Damage.OTHER_VERSION)
    harm_file(project / "go.sum", Damage.LINK)
    outside = project.parent / "outside"
    before = outside.read_bytes()

    with pytest.raises(UsageError, match="is a link"):
        run(world, project / "go.sum", action=action)

    assert outside.read_bytes() == before
    assert (project / "go.sum").is_symlink()
