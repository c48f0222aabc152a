"""The trial: a real go on a copy, without network; and go commands that misbehave."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gosync.closure import trial
from gosync.closure.golang import Client, can_cut_network
from gosync.closure.trial import run_trial
from gosync.errors import UsageError
from gosync.gomod.deps import Deps
from gosync.project import read_project
from gosync.work.progress import NoProgress
from tests.children import have_ended
from tests.simulator.goclient import need_go
from tests.unit.closure.conftest import (
    CORP,
    DIRECT,
    PRIVATE,
    SIDE,
    Setting,
    go_sum_lines,
    zip_file,
)


def try_out(setting: Setting, deps: Deps = Deps.BUILD, go: Path | None = None):
    with_go = trial.TrialSetting(
        go=go or need_go(),
        tree=setting.root,
        database=setting.database,
        private=PRIVATE,
    )
    return run_trial(with_go, read_project(setting.project), deps, NoProgress())


def failed(done: trial.Trial) -> list[str]:
    return [each.command for each in done.commands if not each.ok]


def program(setting: Setting, *imports: str, folder: str = ".") -> None:
    code = "".join(f'import _ "{path}"\n' for path in imports)
    (setting.project / folder / "p.go").write_text(f"package p\n{code}")


def script(folder: Path, text: str) -> Path:
    file = folder / "go"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


@pytest.mark.go
@pytest.mark.slow
def test_a_complete_project_builds(setting: Setting):
    program(setting, DIRECT, CORP)
    (setting.project / "vendor").mkdir()
    (setting.project / "vendor/modules.txt").write_text("# nonsense\n")

    done = try_out(setting, Deps.ALL)

    assert failed(done) == []
    assert done.cut == can_cut_network()
    assert (setting.project / "vendor/modules.txt").exists()


@pytest.mark.go
@pytest.mark.slow
def test_a_missing_zip_fails_with_what_go_says(setting: Setting):
    program(setting, DIRECT, CORP)
    (setting.root / zip_file(DIRECT, "v1.0.0")).unlink()

    done = try_out(setting)

    assert "go build ./..." in failed(done)
    assert DIRECT in done.commands[1].stderr


@pytest.mark.go
@pytest.mark.slow
def test_replacements_beside_the_project_and_a_workspace(setting: Setting):
    beside = setting.project.parent / "lib"
    beside.mkdir()
    (beside / "go.mod").write_text(f"module {DIRECT}\n\ngo 1.21\n")
    (beside / "x.go").write_text("package x\n")
    inner = setting.project / "inner"
    inner.mkdir()
    (inner / "go.mod").write_text(
        f"module inner.example/inner\n\ngo 1.21\n\nrequire {SIDE} v0.1.0\n"
    )
    program(setting, SIDE, folder="inner")
    program(setting, DIRECT, CORP)
    with (setting.project / "go.mod").open("a") as file:
        file.write(f"\nreplace {DIRECT} => ../lib\n")
    (setting.project / "go.work").write_text("go 1.21\n\nuse (\n\t.\n\t./inner\n)\n")
    (inner / "go.sum").write_text(go_sum_lines(setting.sim, SIDE, "v0.1.0"))

    done = try_out(setting, Deps.ALL)

    assert failed(done) == []
    assert done.commands[1].command == "go build ./... ./inner/..."


@pytest.mark.go
@pytest.mark.slow
def test_a_project_without_go_sum_gets_one_in_the_copy(setting: Setting):
    program(setting, DIRECT, CORP)
    (setting.project / "go.sum").unlink()

    assert failed(try_out(setting)) == []
    assert not (setting.project / "go.sum").exists()


def test_go_sees_the_tree_and_nothing_else(
    setting: Setting, tmp_path: Path, monkeypatch
):
    for name in ("GOPRIVATE", "GONOSUMDB", "GOPROXY", "GOINSECURE"):
        monkeypatch.setenv(name, "*")
    monkeypatch.setenv("GOFLAGS", "-mod=vendor -tags=odd")
    go = script(tmp_path, 'env | grep ^GO | sort; test -z "$(ls vendor)"')
    (setting.project / "vendor").mkdir()

    done = try_out(setting, go=go)

    seen = dict(line.split("=", 1) for line in done.commands[0].stdout.splitlines())
    assert seen["GOPROXY"] == setting.root.as_uri()
    assert seen["GOSUMDB"] == setting.database.verifier_key
    assert (seen["GONOPROXY"], seen["GONOSUMDB"]) == ("none", "corp.example")
    assert seen["GOFLAGS"] == "-tags=odd"
    assert seen["GOTOOLCHAIN"] == "local"
    assert "GOPRIVATE" not in seen
    assert "GOINSECURE" not in seen


@pytest.mark.skipif(not can_cut_network(), reason="no network namespaces here")
def test_there_is_no_network(setting: Setting, tmp_path: Path):
    done = try_out(setting, go=script(tmp_path, "cat /proc/net/dev"))

    assert "eth" not in done.commands[0].stdout


def test_what_takes_too_long_is_ended_with_its_children(tmp_path: Path):
    left = tmp_path / "left"
    child = f"sh -c 'echo $$ > {left}; exec sleep 600' &"
    go = script(tmp_path, f"{child}\nwhile ! [ -s {left} ]; do :; done\nsleep 600")
    client = Client(go=go, folder=tmp_path, proxy="off", sumdb="off", timeout_seconds=2)

    done = client.run("build")

    assert (done.exit_code, done.ok) == (None, False)
    assert done.seconds < 60
    assert not left.exists() or have_ended([int(left.read_text() or "0")])


def test_nothing_is_left_behind(setting: Setting, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)
    go = script(tmp_path, 'mkdir -p "$GOMODCACHE/a/b" && chmod -R a-w "$GOMODCACHE"')

    try_out(setting, go=go)

    assert not list((tmp_path / "scratch").iterdir())


def test_a_go_that_cannot_run(setting: Setting, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(trial, "can_cut_network", lambda: False)
    file = tmp_path / "go"
    file.write_text("no program")

    with pytest.raises(UsageError, match="Permission denied"):
        try_out(setting, go=file)


def test_pipes_in_the_project_are_left_behind(setting: Setting, tmp_path: Path):
    os.mkfifo(setting.project / "pipe")
    done = try_out(setting, go=script(tmp_path, "ls"))

    assert done.commands[0].stdout.split() == ["go.mod", "go.sum"]
