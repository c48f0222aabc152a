"""gosync's own wheels, carried and installed without an index."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.go.cells import without_network

pytestmark = pytest.mark.slow


def self_bundle(
    folder: Path, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gosync", "self", "bundle", str(folder), "--json"]
    return subprocess.run(
        [*command, *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_an_index_nothing_is_left(tmp_path: Path):
    done = self_bundle(tmp_path / "carried", PIP_NO_INDEX="1", PIP_FIND_LINKS="")
    assert done.returncode == 2
    assert "No matching distribution" in json.loads(done.stderr)["message"]
    assert list(tmp_path.iterdir()) == []

    (tmp_path / "there").mkdir()
    assert self_bundle(tmp_path / "there").returncode == 2


@pytest.mark.network
def test_it_is_installed_without_any_network(tmp_path: Path):
    carried, installed = tmp_path / "carried", tmp_path / "installed"
    done = self_bundle(carried, "--extra", "serve")
    assert done.returncode == 0, done.stderr
    names = json.loads(done.stdout)["wheels"]
    assert any(name.startswith("granian-") for name in names)
    script = [*without_network(), "sh", str(carried / "install.sh"), str(installed)]
    subprocess.run(script, check=True, cwd=tmp_path)
    for verb in ("serve", "sync"):
        command = [installed / "bin" / "gosync", verb, "--help"]
        subprocess.run(command, check=True, cwd=tmp_path, stdout=subprocess.DEVNULL)
    assert subprocess.run(script, check=False, cwd=tmp_path).returncode == 1
