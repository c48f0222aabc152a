"""The contracts of pyproject.toml catch what they are there to catch."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contracts import pure_modules

_ROOT = Path(__file__).parents[2]
_LINT = Path(sys.executable).with_name("lint-imports")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a copy of what lint-imports reads."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(_ROOT / "gosync", tmp_path / "gosync", ignore=ignored)
    (tmp_path / "tests").mkdir()
    for name in ("pyproject.toml", "tests/__init__.py", "tests/contracts.py"):
        shutil.copyfile(_ROOT / name, tmp_path / name)
    return tmp_path


def lint(checkout: Path, *contracts: str) -> tuple[int, set[str], str]:
    """Return how lint-imports ends, which contracts are broken, and all it says."""
    limits = [word for each in contracts for word in ("--contract", each)]
    done = subprocess.run(
        [_LINT, "--no-cache", *limits],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    broken = {line.removesuffix(" BROKEN") for line in lines if line.endswith("BROKEN")}
    return done.returncode, broken, done.stdout + done.stderr


def add(path: Path, text: str) -> None:
    """Write a module, or add to one."""
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def test_a_new_room_may_not_import_what_another_owns(checkout: Path) -> None:
    owned = "httpx sqlite3 sqlite_utils click rich cryptography h2 isal apscheduler"
    imports = [f"import {name}" for name in (*owned.split(), "zstandard")]
    add(checkout / "gosync/probe/__init__.py", '"""A new room."""\n')
    add(checkout / "gosync/probe/all.py", "\n".join(['"""All."""', *imports, ""]))
    config = checkout / "pyproject.toml"
    text = config.read_text("utf-8")
    placed = text.replace('layers = [\n  "cli",', 'layers = [\n  "probe",\n  "cli",')
    assert placed != text
    config.write_text(placed, "utf-8")

    code, broken, said = lint(checkout)

    assert code == 1, said
    assert broken == {
        "upstream owns httpx",
        "catalog owns SQLite",
        "cli owns click and rich",
        "sumdb.ed25519 and signing own cryptography",
        "doctor owns h2",
        "gomod owns isal",
        "schedule owns apscheduler",
        "bundle, access, catalog, publish and serve own zstandard",
    }


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("gosync/gomod/semver.py", "import pathlib"),
        (
            "gosync/publish/pages/frontpage.py",
            "from gosync.publish.publisher import Publisher",
        ),
    ],
)
def test_what_says_pure_may_reach_no_input_or_output(
    checkout: Path, module: str, line: str
) -> None:
    add(checkout / module, f"\n{line}\n")
    code, broken, said = lint(checkout, "pure")
    assert code == 1, said
    assert broken == {"What says Pure reaches no input or output"}
    name = module.removesuffix(".py").replace("/", ".")
    assert f"{name} says Pure and reaches" in said


def test_a_new_module_that_says_pure_is_held_to_it(checkout: Path) -> None:
    add(checkout / "gosync/status/probe.py", '"""Pure."""\nimport gosync.store.blobs\n')
    code, broken, said = lint(checkout, "pure")
    assert code == 1, said
    assert len(broken) == 1
    assert "gosync.status.probe says Pure and reaches" in said


def test_the_checkout_as_it_is_keeps_them_all(checkout: Path) -> None:
    code, broken, said = lint(checkout)
    assert code == 0, said
    assert broken == set()


def test_the_core_says_that_it_is_pure() -> None:
    pure = pure_modules(["gosync"])
    assert {"gosync.errors", "gosync.gomod", "gosync.gomod.semver"} <= pure
    assert {"gosync.sumdb.client", "gosync.bundle.format.manifest"} <= pure
    assert {"gosync.folder.routes", "gosync.publish.pages.frontpage"} <= pure
    assert "gosync.store.blobs" not in pure
