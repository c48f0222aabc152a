"""Standard output and error that are full, closed, or read by nobody any more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FULL = Path("/dev/full")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
COMMAND = f"{sys.executable} -m gosync"
# Each writes its result in another way: lines, JSON, a table, click's own.
RESULTS = ["config show", "config show --json", "config check --json", "--help"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "gosync.toml").write_text("")
    return tmp_path


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "unbuffered", ["", pytest.param("PYTHONUNBUFFERED=1 ", marks=pytest.mark.long)]
)
@pytest.mark.parametrize("arguments", RESULTS)
def test_a_full_disk_under_the_result_is_no_space(
    folder: Path, arguments: str, unbuffered: str
):
    done = shell(f"{unbuffered}{COMMAND} {arguments} > {FULL}", folder)

    assert done.returncode == 15
    assert "standard output: No space left" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", RESULTS)
def test_a_closed_output_loses_the_result_and_says_so(folder: Path, arguments: str):
    done = shell(f"{COMMAND} {arguments} >&-", folder)

    assert done.returncode == 2
    assert "standard output: " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", RESULTS)
def test_a_reader_that_has_gone_ends_the_command_quietly(folder: Path, arguments: str):
    line = f"(sleep 1; {COMMAND} {arguments}; echo $? > code) | true"

    done = shell(line, folder)

    assert (folder / "code").read_text() == "141\n"
    assert done.stderr == ""


@pytest.mark.parametrize("target", [f"2> {FULL}", "2>&-", "2> >(true)"])
def test_an_error_that_cannot_be_told_keeps_its_exit_code(folder: Path, target: str):
    done = shell(f"{COMMAND} status -vv --json {target}", folder)

    assert (done.returncode, done.stdout, done.stderr) == (7, "", "")


def test_a_result_is_written_whatever_becomes_of_messages(folder: Path):
    done = shell(f"{COMMAND} config check -vv --json 2> {FULL}", folder)

    assert done.returncode == 0
    assert json.loads(done.stdout)["ok"] is True


def test_no_file_is_opened_in_the_place_of_a_closed_descriptor(folder: Path):
    code = (
        "import os, sys; from gosync.cli.streams import open_streams; open_streams();"
        "names = [os.readlink(f'/proc/self/fd/{n}') for n in range(3)];"
        "sys.exit(names != ['/dev/null'] * 3)"
    )

    done = shell(f"{sys.executable} -c {code!r} <&- >&- 2>&-", folder)

    assert done.returncode == 0
