"""Killed at every durable step, and the order of the system calls (mirrors 4)."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from functools import cache
from itertools import product
from pathlib import Path

import pytest

from tests.tiers import EVERY_STEP, spread
from tests.unit.store import crash_program

_STRACE = shutil.which("strace")
_TRACED = "openat,write,pwrite64,fsync,fdatasync,syncfs,rename,renameat,renameat2"
_CALL = re.compile(r"\d+ +(\w+)\((.*)\) += (-?\d+)")
_ROOT = Path(__file__).parents[3]


@cache
def _strace_works() -> bool:
    if _STRACE is None:
        return False
    command = [_STRACE, "-o", "/dev/null", "-e", "inject=mkdir:error=EIO", "true"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not _strace_works(), reason="strace cannot trace here"),
]


def _run(store: Path, verb: str, *strace: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "tests.unit.store.crash_program", str(store), verb]
    return subprocess.run(
        [str(_STRACE), "-f", "--seccomp-bpf", *strace, *program],
        check=False,
        capture_output=True,
        text=True,
        cwd=_ROOT,
        timeout=60,
    )


def _log(tmp_path: Path, verb: str) -> list[tuple[str, str]]:
    """Run it under strace; return the store's calls that succeeded, with file names."""
    log, store = tmp_path / "log", tmp_path / "store"
    trace = ["-y", "-o", str(log), "-e", f"trace={_TRACED}"]
    done = _run(store, verb, *trace)
    assert done.returncode == 0, done.stderr
    lines = log.read_text(errors="replace").splitlines()  # Python's bytecode is in it
    calls = map(_CALL.match, (line for line in lines if str(store) in line))
    return [(call[1], call[2]) for call in calls if call and int(call[3]) >= 0]


def _file(arguments: str) -> str:
    """Return the file behind the first argument: ``7</path>`` or ``"/path"``."""
    match = re.match(r'\d+<(.*?)>|"(.*?)"', arguments)
    assert match is not None, arguments
    return match[1] or match[2]


def _violations(calls: list[tuple[str, str]]) -> list[str]:
    """Check I1 in a log: the ordering oracle."""
    found: list[str] = []
    synced: set[str] = set()
    written: set[str] = set()
    folders: set[str] = set()
    journal_dirty = False
    for name, arguments in calls:
        file = _file(arguments) if name != "openat" else ""
        if name in ("write", "pwrite64"):
            synced.discard(file)
            written.add(file)
            if "/journal/" in file:
                found += [f"journal before folder {folder}" for folder in folders]
                journal_dirty = True
            elif file.endswith("catalog.sqlite-wal"):
                found += [f"catalog before folder {folder}" for folder in folders]
                found += ["catalog before journal"] * journal_dirty
        elif name in ("fsync", "fdatasync"):
            synced.add(file)
            folders.discard(file)
            journal_dirty = journal_dirty and "/journal/" not in file
        elif name == "syncfs":
            synced |= written
            folders.clear()
            journal_dirty = False
        elif name.startswith("rename"):
            source, target = re.findall(r'"(.*?)"', arguments)
            if source not in synced:
                found.append(f"rename before fsync of {source}")
            folders.add(str(Path(target).parent))
    return found


@pytest.mark.parametrize("verb", ["run", "together"])
def test_files_folders_journal_and_catalog_become_durable_in_this_order(tmp_path, verb):
    calls = _log(tmp_path, verb)
    assert any(name == "syncfs" for name, _ in calls) == (verb == "together")
    assert sum(name == "rename" for name, _ in calls) >= 6
    assert any("/journal/" in arguments for _, arguments in calls)
    assert _violations(calls) == []


def test_the_oracle_notices_a_catalog_that_commits_first(tmp_path):
    assert any("catalog" in each for each in _violations(_log(tmp_path, "wrong-order")))


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("verb", "versions", "most"),
    [("run", 1, 25), ("together", crash_program.TOGETHER, 70)],
)
def test_a_run_killed_at_any_durable_step_leaves_no_row_without_its_blob(
    tmp_path, verb, versions, most
):
    want_store = tmp_path / "want"
    crash_program.run(want_store, verb)
    want = crash_program.check(want_store)
    assert want["dangling"] == []
    assert want["present"] == crash_program.BATCHES * versions
    killed = 0
    every = 1 if EVERY_STEP else 9
    steps = (("fsync", every), ("rename", every), ("fdatasync", 3 * every))
    for call, step in (*steps, ("syncfs", 1)):
        for when in range(1, 100, step):
            store = tmp_path / f"{call}-{when}"
            inject = f"inject={call}:signal=KILL:when={when}"
            done = _run(store, verb, "-o", "/dev/null", "-e", inject)
            if done.returncode == 0:
                break
            assert done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
            killed += 1
            if store.exists():
                assert crash_program.check(store)["dangling"] == [], (call, when)
            crash_program.run(store, verb)
            assert crash_program.check(store) == want, (call, when)
            shutil.rmtree(store)
    assert killed >= most // every


@pytest.mark.sampled
@pytest.mark.parametrize(
    ("error", "when"), spread([*product(["EIO", "ENOSPC"], [10, 12, 16])], 3)
)
def test_an_fsync_that_fails_ends_the_run_and_the_next_one_converges(
    tmp_path, error, when
):
    store = tmp_path / "store"
    inject = f"inject=fsync:error={error}:when={when}"
    done = _run(store, "run", "-o", "/dev/null", "-e", inject)
    assert done.returncode == 1
    assert ("NoSpaceError" if error == "ENOSPC" else "StoreError") in done.stderr
    assert crash_program.check(store)["dangling"] == []
    crash_program.run(store, "run")
    found = crash_program.check(store)
    assert found["dangling"] == []
    assert found["present"] == crash_program.BATCHES * crash_program.VERSIONS
