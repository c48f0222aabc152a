"""Comparisons of version rules mean what they mean to the real go.

``go list -m PATH@>=v1.2.0`` answers with one version of the range: the lowest for
``>`` and ``>=``, the highest for ``<`` and ``<=``, releases first.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from gosync.errors import MalformedError
from gosync.gomod import semver
from gosync.site.rules import parse_versions
from tests.go.golangs import TRIED, need_go

pytestmark = pytest.mark.go

PATH = "a.example/m"
LISTED = ("v1.1.0", "v1.2.0-rc.1", "v1.2.0", "v1.2.3", "v1.3.0-rc.1")


@pytest.fixture(params=TRIED)
def go(request: pytest.FixtureRequest) -> Path:
    return need_go(request.param)


def ask(go: Path, folder: Path, query: str, listed: tuple[str, ...] = LISTED) -> str:
    """Return the version that go answers a query with, or its error."""
    main = folder / "main"
    main.mkdir()
    (main / "go.mod").write_text("module x.example/main\n\ngo 1.21\n")
    versions = folder / "proxy" / PATH / "@v"
    versions.mkdir(parents=True)
    (versions / "list").write_text("".join(f"{each}\n" for each in listed))
    for each in listed:
        (versions / f"{each}.info").write_text(f'{{"Version":"{each}"}}')
        (versions / f"{each}.mod").write_text(f"module {PATH}\n")
    done = subprocess.run(
        [go, "list", "-m", "-f", "{{.Version}}", f"{PATH}@{query}"],
        cwd=main,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "GOPROXY": f"file://{folder}/proxy",
            "GOSUMDB": "off",
            "GOENV": "off",
            "GOTOOLCHAIN": "local",
            "GOMODCACHE": str(folder / "cache"),
            "GOFLAGS": "-modcacherw",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout.strip() or done.stderr


@pytest.mark.parametrize(
    "query",
    [">=v1.2", "<v1.2", ">=v1.2.0", ">v1.2.0", "<v1.3.0", "<=v1.3.0", ">v1.2.3"],
)
def test_go_answers_from_our_range(go: Path, tmp_path: Path, query: str):
    bounds = parse_versions(query).bounds
    inside = [each for each in LISTED if bounds.holds(each)]
    best = [each for each in inside if not semver.prerelease(each)] or inside

    got = ask(go, tmp_path, query)
    assert got == (best[0] if query.startswith(">") else best[-1])


@pytest.mark.parametrize("query", [">v1.2", "<=v1.2", "<=v1"])
def test_go_finds_ambiguous_what_we_refuse(go: Path, tmp_path: Path, query: str):
    assert "ambiguous semantic version" in ask(go, tmp_path, query)
    with pytest.raises(MalformedError, match="could mean"):
        parse_versions(query)


def test_only_to_go_are_the_prereleases_of_a_bound_below_it(go: Path, tmp_path: Path):
    listed = ("v1.2.0-rc.1", "v1.2.0")

    assert ask(go, tmp_path, "<v1.2.0", listed) == "v1.2.0-rc.1"
    assert not parse_versions("<v1.2.0").bounds.holds("v1.2.0-rc.1")
