"""The process's border: exit codes, and what an error looks like."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gosync.cli.main import run


def gosync(
    *arguments: str, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gosync", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )


def test_the_version_is_told():
    assert gosync("--version").stdout.startswith("gosync, version 0.")


def test_unknown_words_exit_2():
    done = gosync("frobnicate")

    assert done.returncode == 2
    assert "frobnicate" in done.stderr
    assert done.stdout == ""


def test_without_a_configuration_the_next_step_is_named(tmp_path: Path):
    done = gosync("sync", cwd=tmp_path)

    assert done.returncode == 2
    assert "gosync init" in done.stderr


def test_an_error_is_json_when_asked_for(tmp_path: Path):
    done = gosync("status", "--json", cwd=tmp_path)

    error = json.loads(done.stderr)
    assert (done.returncode, error["exit_code"], error["type"]) == (2, 2, "error")
    assert error["hint"]


def test_init_writes_a_configuration_that_is_right(tmp_path: Path):
    assert gosync("init", str(tmp_path / "new")).returncode == 0
    assert gosync("config", "check", cwd=tmp_path / "new").returncode == 0

    again = gosync("init", str(tmp_path / "new"))
    assert (again.returncode, "exists already" in again.stderr) == (2, True)


def test_without_a_store_the_next_step_is_named(tmp_path: Path, capsys):
    (tmp_path / "gosync.toml").write_text("")

    assert run(["status", "--config", str(tmp_path / "gosync.toml")]) == 7
    assert "gosync sync" in capsys.readouterr().err


def test_a_bug_of_ours_exits_1(monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.setattr("gosync.cli.main.main.main", lambda *_, **__: 1 / 0)

    assert run(["status"]) == 1
    assert "a bug of ours" in capsys.readouterr().err


def test_control_characters_of_an_upstream_are_shown_escaped(tmp_path: Path, capsys):
    (tmp_path / "gosync.toml").write_text('[[select]]\nmodules = ["\\u001b[31m"]\n')

    assert run(["config", "check", "--config", str(tmp_path / "gosync.toml")]) == 2
    assert "\x1b" not in capsys.readouterr().err
