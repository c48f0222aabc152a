"""A repair that asks nobody: from trees and file:// proxies that were named."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gosync.cli.main import run as run_cli
from gosync.folder.layouts import TargetKind
from gosync.verify.act.plan import Action
from tests.unit.verify.caches import FOLDERS, World, run
from tests.unit.verify.damage import Damage, harm, link_copy, parts
from tests.unit.verify.test_matrix_store import part_of

_DATABASE = "sum.sample.example"


@pytest.fixture(autouse=True)
def _quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.mark.parametrize("way", ["--proofs", "--proxy"])
@pytest.mark.parametrize("name", ["zip", "mod", "info"])
@pytest.mark.parametrize("kind", FOLDERS)
def test_what_is_at_hand_repairs(
    world: World,
    tmp_path: Path,
    kind: TargetKind,
    name: str,
    way: str,
    capsys: pytest.CaptureFixture[str],
):
    root = link_copy(world.pristine[kind], tmp_path / "cache")
    part = next(each for each in parts(kind, _DATABASE) if each.name == name)
    good = (root / part.path).read_bytes()
    harm(root, part, Damage.OTHER_MODULE)
    command = ["verify", str(root), "--offline", "--repair", "--no-progress"]
    command += ["--sumdb", world.sim.verifier_key, "--state", str(tmp_path / "state")]
    command += ["--proofs", str(world.tree)]
    if way == "--proxy":
        command[-1] = str(_only_sumdb(world, tmp_path))
        command += ["--proxy", f"{world.tree.as_uri()},https://nowhere.invalid,direct"]

    with world.sim.fail("*", status=500) as asked:
        assert run_cli([*command, "--json"]) == 5, capsys.readouterr().out

    assert (root / part.path).read_bytes() == good
    assert asked.hits == 0
    assert json.loads(capsys.readouterr().out)["remaining"] == 0


def _only_sumdb(world: World, folder: Path) -> Path:
    tree = folder / "proofs"
    tree.mkdir()
    link_copy(world.tree / "sumdb", tree / "sumdb")
    return tree


def test_what_is_at_hand_is_proven_like_all_else(world: World, tmp_path: Path):
    root = link_copy(world.pristine[TargetKind.GOPROXY], tmp_path / "cache")
    part = next(e for e in parts(TargetKind.GOPROXY, _DATABASE) if e.name == "zip")
    harm(root, part, Damage.EMPTY)
    tree = link_copy(world.tree, tmp_path / "tree")
    harm(tree, part, Damage.OTHER_MODULE)

    report = run(world, root, action=Action.REPAIR, proofs=(tree,))

    (done,) = [each for each in report.done if each.failed]
    assert (done.path, report.exit_code) == (part.path, 4)
    assert (root / part.path).read_bytes() == b""


@pytest.mark.parametrize("name", ["lookup", "tile"])
def test_the_log_of_a_tree_is_mended_from_another(
    world: World, tmp_path: Path, name: str
):
    root = link_copy(world.pristine[TargetKind.TREE], tmp_path / "cache")
    part = next(e for e in parts(TargetKind.TREE, _DATABASE) if e.name == name)
    good = (root / part.path).read_bytes()
    harm(root, part, Damage.FLIPPED)

    report = run(world, root, action=Action.REPAIR)

    assert report.exit_code == 5
    assert (root / part.path).read_bytes() == good


def test_the_store_is_repaired_from_a_tree(world: World, store: Path):
    part = part_of(store, "zip")
    harm(store, part, Damage.FLIPPED)

    report = run(world, store, action=Action.REPAIR)

    assert report.exit_code == 5
    assert run(world, store).exit_code == 0


def test_with_nothing_at_hand_it_is_left(world: World, tmp_path: Path):
    root = link_copy(world.pristine[TargetKind.TREE], tmp_path / "cache")
    part = next(e for e in parts(TargetKind.TREE, _DATABASE) if e.name == "zip")
    harm(root, part, Damage.OTHER_MODULE)

    report = run(world, root, action=Action.REPAIR, proofs=())

    assert (report.exit_code, report.done) == (4, ())
    assert any("--proofs tree" in each for each in report.outcome.remarks)


def test_with_nothing_at_hand_a_stores_upstream_is_left_alone(
    world: World, store: Path
):
    harm(store, part_of(store, "zip"), Damage.FLIPPED)

    with world.sim.fail("*", status=500) as asked:
        report = run(world, store, action=Action.REPAIR, proofs=())

    assert asked.hits == 0
    assert report.exit_code == 4
    assert ["--proofs tree" in each.failed for each in report.done] == [True]
