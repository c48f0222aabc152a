"""`gosync demo`: the whole loop, with a go at hand and without."""

from __future__ import annotations

import json
import os
from pathlib import Path

import anyio
import pytest

from gosync.cli.main import run
from gosync.demo.story import Demo
from gosync.work.progress import NoProgress
from tests.simulator.goclient import need_go, shared_cache


@pytest.mark.go
@pytest.mark.slow
def test_the_demo_builds_a_program_here_and_across_the_gap(
    tmp_path: Path, capsys, monkeypatch
):
    need_go()
    monkeypatch.setenv("GOCACHE", os.environ.get("GOCACHE", str(shared_cache())))
    folder = tmp_path / "demo"

    assert run(["demo", str(folder), "--json", "--no-progress"]) == 0

    shown = json.loads(capsys.readouterr().out)
    assert shown["checked_by"].startswith("go version")
    assert "gopher" in shown["program_output"]
    assert "the checksum database has h1:" in shown["caught"]
    evidence = json.loads((Path(shown["evidence"]) / "evidence.json").read_text())
    assert evidence["subject"].startswith("demo.example/Ink@v0.4.0")
    assert (folder / "public" / "index.html").is_file()
    assert not list((folder / "public").glob("**/v0.4.0.*"))
    assert (folder / "inside" / "public" / "index.html").is_file()
    assert run(["bundle", "verify", shown["bundle"], "--json"]) == 0
    proven = json.loads(capsys.readouterr().out)
    assert (proven["proven"]["versions"], proven["log"]["records_proven"]) == (9, 9)


@pytest.mark.go
@pytest.mark.slow
@pytest.mark.long
def test_the_demo_is_told_with_store_and_tree_in_an_object_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    need_go()
    monkeypatch.setenv("GOCACHE", os.environ.get("GOCACHE", str(shared_cache())))
    folder = tmp_path / "demo"
    assert run(["demo", str(folder), "--s3", "--json", "--no-progress"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert "gopher" in shown["program_output"]
    assert "the checksum database has h1:" in shown["caught"]
    assert shown["evidence"].startswith("s3://public/demo/store/quarantine/")
    assert not (folder / "public").exists()
    assert not [each for each in (folder / "var/blobs").rglob("*") if each.is_file()]
    assert "AWS_ACCESS_KEY_ID" not in os.environ


def test_without_go_the_tree_is_checked_by_gosync_itself(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("gosync.demo.story.find_go", lambda: None)
    said: list[str] = []

    result = anyio.run(Demo(tmp_path / "demo", said.append, NoProgress()).run)

    assert result.checked_by == "gosync"
    for tree in ("the tree", "that tree"):
        assert any(f"versions proven from {tree} alone" in line for line in said)
    assert result.versions == 9  # the tenth is retracted


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path, capsys):
    (tmp_path / "mine").touch()

    assert run(["demo", str(tmp_path)]) == 2
    assert "name another folder" in capsys.readouterr().err


def test_an_earlier_demo_is_not_overwritten(tmp_path: Path, capsys):
    (tmp_path / ".gosync-demo").touch()

    assert run(["demo", str(tmp_path)]) == 2
    assert "rm -rf" in capsys.readouterr().err
