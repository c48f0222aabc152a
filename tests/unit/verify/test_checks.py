"""What is checked beyond the two hashes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gosync.catalog.versions import VersionRow
from gosync.folder.layouts import TargetKind
from gosync.gomod.info import parse_info
from gosync.gomod.module import ModuleVersion
from gosync.gomod.patterns import PatternSet
from gosync.verify.look.targets import open_folder
from gosync.verify.prove.answers import ProofAnswer
from gosync.verify.prove.prover import answer_of_row
from gosync.verify.verdicts import Verdict
from tests.unit.verify.caches import ALPHA, World, run
from tests.unit.verify.damage import link_copy

_MV = ModuleVersion(ALPHA, "v1.1.0")
_INFO = "alpha.example/!alpha/@v/v1.1.0.info"


@pytest.fixture
def tree(world: World, tmp_path: Path) -> Path:
    return link_copy(world.pristine[TargetKind.TREE], tmp_path / "cache")


def replace(file: Path, data: bytes) -> None:
    file.unlink(missing_ok=True)
    file.write_bytes(data)


def test_another_commit_than_the_stored_one_is_stale(world: World, tree: Path):
    commit = parse_info((tree / _INFO).read_bytes()).origin
    assert commit is not None
    target = open_folder(tree, TargetKind.TREE, world.database, PatternSet([]))
    same, other = ProofAnswer(commit=commit.hash), ProofAnswer(commit="0" * 40)

    assert target.check(_MV, same).findings == []
    (finding,) = target.check(_MV, other).findings

    assert finding.verdict is Verdict.STALE
    assert (finding.expected, finding.found) == ("0" * 40, commit.hash)


def test_the_catalog_remembers_the_commit():
    row = VersionRow(ALPHA, "v1.1.0", mod_h1="h1:x", commit_hash="abc")

    assert answer_of_row(row).commit == "abc"


def test_a_pseudo_version_is_of_the_commit_in_its_name(world: World, tree: Path):
    version = "v0.0.0-20240102030405-abcdefabcdef"
    folder = tree / "alpha.example/!alpha/@v"
    info = {"Version": version, "Origin": {"VCS": "git", "Hash": "f" * 40}}
    (folder / f"{version}.info").write_text(json.dumps(info))
    (folder / f"{version}.mod").write_text(f"module {ALPHA}\n")

    findings = run(world, tree, private=("alpha.example",)).outcome.findings

    (wrong,) = [each for each in findings if each.verdict is Verdict.CORRUPT]
    assert wrong.path.endswith(f"{version}.info")
    assert "another commit" in wrong.reason


def test_a_mod_that_is_not_its_zips_is_found_without_any_authority(
    world: World, tree: Path
):
    replace(tree / "alpha.example/!alpha/@v/v1.1.0.mod", b"module other.example/x\n")

    findings = run(world, tree, private=("alpha.example",)).outcome.findings

    (wrong,) = [each for each in findings if each.verdict is Verdict.CORRUPT]
    assert wrong.reason == "it is not the go.mod of its zip"


@pytest.mark.parametrize(
    ("data", "verdict"),
    [(b"{}", Verdict.CORRUPT), (b'{"Version":"v7.0.0"}', Verdict.STALE)],
)
def test_a_revision_must_lead_to_what_is_there(
    world: World, tree: Path, data: bytes, verdict: Verdict
):
    alias = next(
        file
        for file in (tree / "alpha.example/!alpha/@v").glob("*.info")
        if not file.name.startswith("v")
    )
    replace(alias, data)

    (finding,) = run(world, tree).outcome.findings

    assert (finding.verdict, Path(finding.path).name) == (verdict, alias.name)


def test_names_that_are_not_escaped_are_strays(world: World, tree: Path):
    (tree / "alpha.example/Alpha/@v").mkdir(parents=True)
    (tree / "alpha.example/Alpha/@v/v1.1.0.zip").write_bytes(b"x")

    (finding,) = run(world, tree).outcome.findings

    assert finding.verdict is Verdict.ORPHAN
    assert "not escaped" in finding.reason


def test_latest_is_what_go_means_by_it(world: World, tree: Path):
    info = tree / "alpha.example/!alpha/@v/v1.0.0.info"
    replace(tree / "alpha.example/!alpha/@latest", info.read_bytes())

    (finding,) = run(world, tree).outcome.findings

    assert finding.verdict is Verdict.STALE
    assert (finding.expected, finding.found) == ("v1.1.0", "v1.0.0")


def test_a_database_that_nobody_believes_is_named(world: World, tree: Path):
    report = run(world, tree)
    assert report.outcome.remarks == []

    (tree / "sumdb" / world.database.name).rename(tree / "sumdb" / "sum.other.example")
    report = run(world, tree)

    (remark,) = report.outcome.remarks
    assert "--sumdb sum.other.example+HASH+KEY" in remark
