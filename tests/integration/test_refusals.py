"""Every command, with a call to the system or to SQLite refused somewhere on its way.

Whatever is refused where: the exit code is one of the table, never 1; there is no
traceback; what is wrong is said in one line. A sample of the calls is tried; in the
second tier all of the system's, and of SQLite's each statement where it is first and
last executed and some times between: a sync executes the same few for every version.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.everyverb import COMMANDS, Copy, check, prepare
from tests.integration.refusing import Calls, refusal_of_sqlite, refusal_of_system
from tests.simulator import Simulator
from tests.tiers import EVERY_STEP, ends_of_each_kind, shared_out

SAMPLE = 3
EACH = 5  # times of a statement in the second tier
# Of what runs the statements of another command in the list.
REPEATS = {"run": 2}

pytestmark = pytest.mark.sampled


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("prepared") / "site"
    with Simulator() as sim:
        prepare(folder, sim)
        yield folder


def points(count: int, seed: int) -> list[int]:
    """Return which calls are refused: all, or a few that are spread over them."""
    if EVERY_STEP or count <= SAMPLE:
        return [*range(1, count + 1)]
    step = count / SAMPLE
    return sorted({1 + int(step * n + seed % max(1, int(step))) for n in range(SAMPLE)})


def statements(names: list[str], arguments: list[str], seed: int) -> list[int]:
    """Return which of SQLite's calls are refused."""
    if not EVERY_STEP:
        return points(len(names), seed)
    found = ends_of_each_kind(names, REPEATS.get(arguments[0], EACH))
    print(f"{len(found)} of {len(names)} statements")
    return [place + 1 for place in found]


@pytest.mark.parametrize("arguments", shared_out(COMMANDS), ids=" ".join)
def test_what_the_system_refuses_is_one_line(
    prepared: Path, tmp_path: Path, arguments: list[str], monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    seed = COMMANDS.index(arguments)
    calls = Calls(tmp_path)
    first = Copy(prepared, tmp_path / "first")
    with calls.system():
        first.run(arguments)
    for at in points(len(calls.names), seed):
        copy = Copy(prepared, tmp_path / str(at))
        error = refusal_of_system(at + seed)
        with calls.system(at, error):
            result = copy.run(arguments)
        check(result, f"{calls.refused_call}: {error}")
        shutil.rmtree(copy.folder)


@pytest.mark.parametrize("arguments", shared_out(COMMANDS), ids=" ".join)
def test_what_sqlite_refuses_is_one_line(
    prepared: Path, tmp_path: Path, arguments: list[str], monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    seed = COMMANDS.index(arguments)
    calls = Calls(tmp_path)
    first = Copy(prepared, tmp_path / "first")
    with calls.sqlite():
        first.run(arguments)
    for at in statements(calls.names, arguments, seed):
        copy = Copy(prepared, tmp_path / str(at))
        error = refusal_of_sqlite(at + seed)
        with calls.sqlite(at, error):
            result = copy.run(arguments)
        check(result, f"{calls.refused_call}: {error!r}")
        shutil.rmtree(copy.folder)
