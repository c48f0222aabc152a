"""go.sum, line by line against the log: what ``go mod verify`` does not do."""

from __future__ import annotations

from pathlib import Path

import pytest

from gosync.errors import UsageError
from gosync.folder.tree import FileTree
from gosync.gomod.module import ModuleVersion
from gosync.verify.act.plan import Action
from gosync.verify.act.quarantine import TargetQuarantine
from gosync.verify.act.restore import put_all_back
from gosync.verify.report import VerifyReport
from gosync.verify.verdicts import Cause, Verdict
from tests.unit.verify.caches import ALPHA, BETA, World, run

_WRONG = "h1:" + "A" * 43 + "="


def lines(world: World, *versions: tuple[str, str]) -> str:
    found = []
    for path, version in versions:
        one = world.sim.publication(ModuleVersion(path, version))
        found += [f"{path} {version} {one.zip_h1}\n"]
        found += [f"{path} {version}/go.mod {one.mod_h1}\n"]
    return "".join(found)


@pytest.fixture
def file(world: World, tmp_path: Path) -> Path:
    path = tmp_path / "go.sum"
    path.write_text(lines(world, (ALPHA, "v1.0.0"), (BETA, "v0.1.0")))
    return path


def spoil(file: Path, number: int) -> None:
    rows = file.read_text().splitlines()
    rows[number - 1] = " ".join([*rows[number - 1].split()[:2], _WRONG])
    file.write_text("\n".join(rows) + "\n")


@pytest.mark.parametrize("offline", [True, False])
def test_true_lines_are_proven(world: World, file: Path, offline: bool):
    report = run(world, file, offline=offline, proofs=None if offline else ())

    assert report.exit_code == 0
    assert report.outcome.proven == 2


def test_a_wrong_line_is_named_with_its_record(world: World, file: Path):
    spoil(file, 2)

    (finding,) = run(world, file).outcome.findings

    published = world.sim.publication(ModuleVersion(ALPHA, "v1.0.0"))
    assert finding.verdict is Verdict.POLLUTED
    assert finding.path == "go.sum:2"
    assert (finding.expected, finding.found) == (published.mod_h1, _WRONG)
    assert finding.evidence is not None
    assert finding.evidence.record is not None
    assert finding.evidence.tree_size == world.sim.log.size


def test_a_project_folder_means_both_of_its_files(world: World, file: Path):
    (file.parent / "go.work.sum").write_text(lines(world, (ALPHA, "v1.1.0")))
    spoil(file, 1)
    spoil(file.with_name("go.work.sum"), 2)

    report = run(world, file.parent)

    assert (report.kind, report.outcome.checked) == ("go.sum", 3)
    assert {e.path for e in report.outcome.findings} == {"go.sum:1", "go.work.sum:2"}


def test_a_workspace_may_have_go_work_sum_alone(world: World, file: Path):
    file.rename(file.with_name("go.work.sum"))
    spoil(file.with_name("go.work.sum"), 1)

    (finding,) = run(world, file.parent).outcome.findings

    assert finding.path == "go.work.sum:1"


def test_a_line_that_stands_there_twice_is_found_twice(world: World, file: Path):
    spoil(file, 1)
    file.write_text(file.read_text() + file.read_text().splitlines()[0] + "\n")

    report = run(world, file, action=Action.REPAIR, offline=False)

    assert [e.path for e in report.outcome.findings] == ["go.sum:1", "go.sum:5"]
    assert (report.exit_code, run(world, file).exit_code) == (5, 0)


def test_what_the_log_does_not_know_is_told_from_silence(world: World, file: Path):
    file.write_text(f"none.example/x v1.0.0 {_WRONG}\n")

    asked = run(world, file, offline=False, proofs=())
    silent = run(world, file, offline=True, proofs=())
    private = run(world, file, offline=False, proofs=(), private=("none.example",))

    causes = [each.outcome.findings[0].cause for each in (asked, silent, private)]
    assert causes == [Cause.UNKNOWN, Cause.UNASKED, Cause.PRIVATE]
    assert [each.exit_code for each in (asked, silent, private)] == [4, 75, 0]


def test_repair_writes_what_the_log_has_and_restore_undoes_it(world: World, file: Path):
    good = file.read_bytes()
    spoil(file, 1)
    bad = file.read_bytes()

    report = run(world, file, action=Action.REPAIR, offline=False)

    assert report.exit_code == 5
    assert file.read_bytes() == good
    quarantine = TargetQuarantine(file.parent / "state", report.quarantine)
    assert put_all_back(FileTree(file.parent), quarantine) == [("go.sum", "")]
    assert file.read_bytes() == bad


@pytest.mark.parametrize("action", [Action.DELETE, Action.QUARANTINE])
def test_a_line_can_be_left_out(world: World, file: Path, action: Action):
    spoil(file, 1)
    rest = file.read_text().splitlines()[1:]

    assert run(world, file, action=action).exit_code == 5
    assert file.read_text().splitlines() == rest


@pytest.mark.parametrize("action", [Action.REPAIR, Action.DELETE, Action.QUARANTINE])
def test_a_file_that_changed_since_it_was_looked_at_is_left_alone(
    world: World, file: Path, action: Action
):
    """`go get` put a line before the one that is wrong: numbers are others now."""
    spoil(file, 1)

    def edit(_: VerifyReport) -> None:
        file.write_text(f"{ALPHA} v9.9.9 {_WRONG}\n{file.read_text()}")

    report = run(world, file, action=action, offline=False, looked=edit)
    assert report.exit_code == 4
    assert "has changed" in str(report.done[0].failed)
    assert file.read_text().startswith(f"{ALPHA} v9.9.9 {_WRONG}\n{ALPHA} v1.0.0")
    assert len(file.read_text().splitlines()) == 5


def test_a_line_of_no_module_is_corrupt(world: World, file: Path):
    file.write_text(f"Not/A/Module v1.0.0 {_WRONG}\n")

    (finding,) = run(world, file).outcome.findings

    assert finding.verdict is Verdict.CORRUPT


def test_what_is_no_go_sum_is_refused(world: World, tmp_path: Path):
    (tmp_path / "go.sum").write_text("two words\n")

    with pytest.raises(UsageError, match=r"go\.sum"):
        run(world, tmp_path / "go.sum")
