"""What a shell is offered: verbs by click, modules and versions from the catalog."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gosync.catalog.versions import Want
from gosync.cli.main import run
from tests.smallsite import make_small_site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    with make_small_site(folder, "a.example/m@v1.0.0") as catalog:
        wants = (
            ("a.example/m", "v1.0.0"),
            ("a.example/m", "v1.1.0"),
            ("b.example/n", "v1.0.0"),
        )
        catalog.versions.want([Want(path, version) for path, version in wants])
    return folder


def offered(folder: Path, line: str) -> list[str]:
    """Return what bash would be offered for the last word of a line."""
    words = line.split(" ")
    variables = {
        "_GOSYNC_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-m", "gosync"],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = filter(None, done.stdout.splitlines())
    return [each.partition(",")[2] for each in lines]


@pytest.mark.parametrize(
    ("line", "want"),
    [
        ("gosync stat", ["status"]),
        ("gosync bundle cr", ["create"]),
        ("gosync show a", ["a.example/m"]),
        ("gosync list ", ["a.example/m", "b.example/n"]),
        ("gosync why a.example/m@v1.1", ["a.example/m@v1.1.0"]),
        ("gosync show c", []),
    ],
)
def test_what_begins_so_is_offered(site: Path, line: str, want: list[str]):
    assert offered(site, line) == want


def test_without_a_configuration_nothing_is_offered_or_said(tmp_path: Path):
    assert offered(tmp_path, "gosync show a") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script(shell: str, capsys: pytest.CaptureFixture[str]):
    assert run(["completion", shell]) == 0
    assert "_GOSYNC_COMPLETE" in capsys.readouterr().out
