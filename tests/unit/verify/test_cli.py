"""The command line: what it prints, writes and ends with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gosync.cli.main import run as run_cli
from gosync.folder.layouts import TargetKind
from tests.unit.verify.caches import ALPHA, World
from tests.unit.verify.damage import Damage, harm, link_copy, parts
from tests.unit.verify.test_matrix import snapshot

Verify = Callable[..., int]


@pytest.fixture
def root(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return link_copy(world.pristine[TargetKind.ATHENS], tmp_path / "cache")


@pytest.fixture
def verify(world: World, root: Path) -> Verify:
    def call(*more: str, target: Path = root) -> int:
        arguments = ["verify", str(target), "--sumdb", world.sim.verifier_key]
        arguments += ["--proxy", world.sim.url, "--no-progress"]
        arguments += ["--state", str(root.parent / "state")]
        return run_cli([*arguments, *more])

    return call


def spoil(world: World, root: Path) -> None:
    harm(root, parts(TargetKind.ATHENS, world.database.name)[2], Damage.OTHER_MODULE)


def test_no_configuration_is_needed(verify: Verify, capsys: pytest.CaptureFixture[str]):
    assert verify() == 0

    out = capsys.readouterr().out
    assert "(athens): 4 versions, 4 checked" in out
    assert "4 ok" in out


def test_json_says_all_and_what_to_run_next(
    world: World, root: Path, verify: Verify, capsys: pytest.CaptureFixture[str]
):
    spoil(world, root)

    assert verify("--json") == 4

    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == 1
    assert document["type"] == "verify"
    assert document["key"] == world.sim.verifier_key
    assert document["heads"][0]["tree_size"] == world.sim.log.size
    assert document["counts"] == {
        "polluted": 1,
        "corrupt": 0,
        "incomplete": 0,
        "stale": 0,
        "orphan": 0,
        "unverifiable": 0,
        "ok": 3,
    }
    (finding,) = document["findings"]
    assert finding["file"] == f"{ALPHA}/v1.1.0/source.zip"
    assert finding["record"] is not None
    assert any("--repair --dry-run" in line for line in document["next"])


def test_a_plan_comes_first_and_a_dry_run_ends_there(
    world: World, root: Path, verify: Verify, capsys: pytest.CaptureFixture[str]
):
    spoil(world, root)
    before = snapshot(root)

    assert verify("--repair", "--dry-run") == 4

    assert f"plan: fetch anew {ALPHA}@v1.1.0: zip" in capsys.readouterr().out
    assert snapshot(root) == before


def test_too_many_is_refused_after_the_plan(
    world: World, root: Path, verify: Verify, capsys: pytest.CaptureFixture[str]
):
    spoil(world, root)

    assert verify("--delete", "--max-delete", "0") == 2

    shown = capsys.readouterr()
    assert f"plan: delete {ALPHA}/v1.1.0" in shown.out
    assert "--max-delete 1" in shown.err


def test_what_keeps_a_plan_from_being_carried_out_comes_after_the_report(
    world: World, root: Path, verify: Verify, capsys: pytest.CaptureFixture[str]
):
    spoil(world, root)
    before = snapshot(root)
    (root.parent / "state").write_text("no folder for what goes aside")

    assert verify("--quarantine") == 7

    shown = capsys.readouterr()
    assert "polluted" in shown.out
    assert f"plan: move aside {ALPHA}/v1.1.0" in shown.err
    assert snapshot(root) == before


def test_quarantine_and_restore(
    world: World, root: Path, verify: Verify, capsys: pytest.CaptureFixture[str]
):
    spoil(world, root)
    before = snapshot(root)

    assert verify("--quarantine", "--json") == 5
    name = json.loads(capsys.readouterr().out)["quarantine"]
    assert verify() == 0
    assert verify("--restore", name) == 0
    assert snapshot(root) == before
    assert verify("--restore", name) == 4  # it is not in quarantine any more
    assert verify("--restore", "no-such-id") == 2


def test_the_page_stands_alone(world: World, root: Path, verify: Verify):
    spoil(world, root)
    page = root.parent / "report.html"

    assert verify("--report", str(page)) == 4

    text = page.read_text()
    assert "Something was found, and it remains." in text
    assert world.sim.verifier_key in text
    assert f"{ALPHA}@v1.1.0" in text
    assert str(world.sim.log.size) in text
    assert "http://" not in text
    assert "src=" not in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--quarantine", "--delete"], "exclude each other"),
        (["--subset", "8/7"], "like 1/7"),
        (["--max-age", "soon"], "a number and a unit"),
        (["--sumdb", "nonsense"], "--sumdb"),
        (["--kind", "url"], "does not fit"),
    ],
)
def test_what_makes_no_sense_is_usage(
    verify: Verify,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    said: str,
):
    assert verify(*arguments) == 2
    assert said in capsys.readouterr().err


def test_what_is_not_there_or_nothing_known_is_usage(
    root: Path, verify: Verify, capsys: pytest.CaptureFixture[str]
):
    assert verify(target=root.parent / "nowhere") == 2
    (root.parent / "empty").mkdir()
    assert verify(target=root.parent / "empty") == 2
    assert "--kind" in capsys.readouterr().err


def test_silence_of_the_log_is_75(verify: Verify, capsys: pytest.CaptureFixture[str]):
    assert verify("--offline") == 75
    assert "could not be asked" in capsys.readouterr().out


def test_a_database_that_misbehaves_is_6(
    world: World, verify: Verify, capsys: pytest.CaptureFixture[str]
):
    world.sim.database.wrong_signature()
    try:
        assert verify() == 6
    finally:
        world.sim.database.mend()
    out = capsys.readouterr().out
    assert "SECURITY" in out
    assert "gosync explain sum.bad_signature" in out


def test_a_url_is_a_target(
    world: World, root: Path, capsys: pytest.CaptureFixture[str]
):
    file = root.parent / "modules.txt"
    file.write_text(f"{ALPHA}  # all of it\n")
    arguments = ["verify", world.sim.url, "--sumdb", world.sim.verifier_key]
    arguments += ["--proxy", world.sim.url, "--state", str(root.parent / "s")]

    assert run_cli([*arguments, "--modules", str(file), "--no-progress"]) == 0
    assert "(url): 2 versions, 2 checked" in capsys.readouterr().out
    assert run_cli([*arguments, "--module", ALPHA, "--offline"]) == 2


def test_without_target_or_configuration_it_says_what_to_do(
    root: Path, capsys: pytest.CaptureFixture[str]
):
    assert run_cli(["verify"]) == 2
    assert "gosync verify TARGET" in capsys.readouterr().err
