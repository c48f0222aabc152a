"""The wheel of gosync: the same checkout makes the same bytes, wherever it lies."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

_CHECKOUT = Path(__file__).parents[3]
_BUILT_FROM = ("gosync", "schema", "samples", "contrib", "docs")
_FILES = ("pyproject.toml", "README.md", "README.zh-CN.md", "LICENSE")


def _copy(folder: Path) -> Path:
    ignore = shutil.ignore_patterns("__pycache__")
    for name in _BUILT_FROM:
        shutil.copytree(_CHECKOUT / name, folder / name, ignore=ignore)
    for name in _FILES:
        shutil.copy(_CHECKOUT / name, folder / name)
    return folder


def _build(checkout: Path, **environment: str) -> Path:
    command = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist")
    subprocess.run(command, cwd=checkout, env={**os.environ, **environment}, check=True)
    [wheel] = (checkout / "dist").iterdir()
    return wheel


@pytest.mark.long
def test_a_wheel_is_the_same_wherever_it_is_built(tmp_path: Path):
    here, there = _copy(tmp_path / "here"), _copy(tmp_path / "elsewhere" / "there")
    for each in there.rglob("*"):
        each.chmod(each.stat().st_mode & 0o700)  # as with another umask
        os.utime(each, (1_000_000_000, 1_000_000_000))
    first, second = _build(here), _build(there, TZ="Asia/Tokyo", LC_ALL="C")
    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()
    names = set(zipfile.ZipFile(first).namelist())
    for path in (_CHECKOUT / "gosync").rglob("*.toml"):
        assert path.relative_to(_CHECKOUT).as_posix() in names
    assert {"gosync/samples/gosync.toml", "gosync/publish/pages/setup.sh"} <= names
