"""`gosync closure`: exit codes, what is said, and what has to be configured."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from gosync.cli.main import run
from gosync.config import load_config
from tests.unit.closure.conftest import (
    BELOW,
    CORP,
    DIRECT,
    Setting,
    mod_file,
    zip_file,
)
from tests.unit.closure.conftest import setting as setting  # noqa: PLC0414 - a fixture
from tests.unit.closure.conftest import whole as whole  # noqa: PLC0414 - a fixture


def arguments(setting: Setting, *more: str) -> list[str]:
    """Return what somebody inside types, who has no configuration."""
    key = setting.database.verifier_key
    where = ["--tree", str(setting.root), "--sumdb", key, "--private", "corp.example"]
    return ["closure", str(setting.project), *where, "--no-progress", *more]


def shown(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def leave_out_zip(setting: Setting) -> None:
    """Make the tree as if CORP's go.mod alone had been selected."""
    (setting.root / zip_file(CORP, "v1.0.0")).unlink()
    (setting.root / "corp.example/secret/@v/list").unlink()
    (setting.root / "corp.example/secret/@latest").unlink()


def configure(setting: Setting, text: str = "") -> Path:
    file = setting.root.parent / "gosync.toml"
    key = setting.database.verifier_key
    file.write_text(
        f'[upstream]\nproxies = "http://proxy.invalid"\nsumdb = "{key}"\n'
        f'private = ["corp.example"]\n[publish]\ntree = "{setting.root}"\n{text}'
    )
    return file


def test_a_complete_project_needs_no_configuration(setting: Setting, capsys):
    assert run(arguments(setting, "--json")) == 0

    document = shown(capsys)
    (project,) = document["projects"]
    assert (document["type"], document["exit_code"]) == ("closure", 0)
    assert project["complete"]
    assert project["next"] == []
    # .info .mod .zip each, two lookups, list and @latest of three modules
    assert project["files"] == 3 * 3 + 2 + 2 * 3


def test_what_is_missing_is_told_with_what_would_bring_it(setting: Setting, capsys):
    leave_out_zip(setting)

    assert run(arguments(setting)) == 4

    said = capsys.readouterr().out
    assert "incomplete, 2 findings;" in said
    assert zip_file(CORP, "v1.0.0") in said
    assert "required by app.example/app" in said


def test_the_snippet_is_a_configuration(setting: Setting, capsys, tmp_path: Path):
    for path in (zip_file(DIRECT, "v1.0.0"), mod_file(BELOW, "v1.0.0")):
        (setting.root / path).unlink()
        (setting.root / path).parent.joinpath("list").write_text("")

    assert run(arguments(setting, "--json", "--deps", "all")) == 4

    steps = shown(capsys)["projects"][0]["next"]
    snippet = "\n".join(line for line in steps if line.startswith("    "))
    values = tomllib.loads(snippet)
    assert values["select"][0]["modules"] == [
        f"{BELOW}@v1.0.0/go.mod",
        f"{DIRECT}@v1.0.0",
    ]
    file = tmp_path / "made.toml"
    file.write_text(snippet)
    (project,) = load_config(file, {}).site_options().projects
    assert (project.path, project.deps) == (setting.project, "all")


def test_a_damaged_tree_wants_no_select(setting: Setting, capsys):
    (setting.root / zip_file(BELOW, "v1.0.0")).unlink()  # and list names it

    assert run(arguments(setting)) == 4

    said = capsys.readouterr().out
    assert "this tree is damaged" in said
    assert "[[select]]" not in said


def test_a_contradiction_is_a_matter_of_security(setting: Setting, capsys):
    (setting.root / mod_file(BELOW, "v1.0.0")).write_text(f"module {BELOW}\n")

    assert run(arguments(setting)) == 6
    assert "find out who changed it" in capsys.readouterr().out


def test_configured_projects_are_the_default(setting: Setting, capsys):
    file = configure(setting, f'[[project]]\npath = "{setting.project}"\ndeps = "all"')
    leave_out_zip(setting)

    assert run(["closure", "--config", str(file), "--json"]) == 4

    (project,) = shown(capsys)["projects"]
    assert project["deps"] == "all"
    assert "run `gosync sync` where the tree is made" in project["next"][0]


def test_a_wider_level_than_configured_is_not_selected_yet(setting: Setting, capsys):
    file = configure(setting, f'[[project]]\npath = "{setting.project}"')
    leave_out_zip(setting)

    assert run(["closure", "--config", str(file), "--deps", "all", "--json"]) == 4
    assert '    deps = "all"' in shown(capsys)["projects"][0]["next"]


def test_without_project_or_configuration(setting: Setting, capsys, monkeypatch):
    monkeypatch.chdir(setting.root.parent)
    assert run(["closure", str(setting.project)]) == 2
    assert "gosync closure PROJECT --tree DIR --sumdb" in capsys.readouterr().err

    assert run(["closure", "--config", str(configure(setting))]) == 2
    assert "no project to look at" in capsys.readouterr().err


@pytest.mark.parametrize("value", ["sum.unknown.example", "a b c", ""])
def test_a_database_without_a_key(setting: Setting, capsys, value: str):
    line = arguments(setting)
    line[line.index("--sumdb") + 1] = value or "+"

    assert run(line) == 2
    assert "--sumdb" in capsys.readouterr().err


def test_no_tree_and_no_project(setting: Setting, capsys, tmp_path: Path):
    line = arguments(setting)
    line[line.index("--tree") + 1] = str(tmp_path / "nowhere")
    assert run(line) == 2
    assert "no folder with a tree" in capsys.readouterr().err

    line = arguments(setting)
    line[1] = str(tmp_path / "nowhere")
    assert run(line) == 2
    assert "no such folder" in capsys.readouterr().err


def test_without_a_database_go_sum_counts(setting: Setting, capsys):
    line = arguments(setting)
    line[line.index("--sumdb") + 1] = "off"
    assert run(line) == 0

    (setting.root / mod_file(BELOW, "v1.0.0")).write_text(f"module {BELOW}\n")
    assert run(line) == 6
    assert "go.sum has h1:" in capsys.readouterr().out


def test_a_go_that_is_not_there(setting: Setting, capsys):
    assert run(arguments(setting, "--go", "/nowhere/go")) == 2
    assert "no go command" in capsys.readouterr().err


def test_a_go_that_tries(setting: Setting, capsys, tmp_path: Path):
    go = tmp_path / "go"
    go.write_text(
        '#!/bin/sh\n[ "$1" != list ] || { echo "no: \033[2J" >&2; exit 3; }\n'
    )
    go.chmod(0o755)

    assert run(arguments(setting, "--go", str(go))) == 4
    said = capsys.readouterr().out
    assert "complete;" in said
    assert "ok        go mod download" in said
    assert "failed 3  go list -deps -test ./..." in said
    assert r"no: \x1b[2J" in said

    assert run(arguments(setting, "--go", str(go), "--json")) == 4
    trial = shown(capsys)["projects"][0]["go"]
    assert not trial["ok"]
    assert [each["exit_code"] for each in trial["commands"]] == [0, 0, 3, 0, 0, 3]
