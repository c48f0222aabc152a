"""A catalog whose pages are scrambled: every command says so, none calls it a bug."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.everyverb import COMMANDS, Copy, check, prepare
from tests.simulator import Simulator
from tests.tiers import EVERY_STEP

PAGE_BYTES = 4096
WORDS = (b"present", b"sumdb", b"config", b"2026-", b"example/m", b"sync")
READING = [each for each in COMMANDS if each[0] not in ("key", "init", "systemd")]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("prepared") / "site"
    with Simulator() as sim:
        prepare(folder, sim)
        yield folder


def no_utf8(data: bytearray, dice: random.Random) -> None:
    """Make no UTF-8 of what stands in the rows."""
    for word in WORDS:
        _replace(data, word, word[:1] + b"\xff" + word[2:], dice)


def no_sense(data: bytearray, dice: random.Random) -> None:
    """Make other words and numbers of them: text that is read and means nothing."""
    for word in (
        b"present",
        b"sumdb",
        b"config",
        b"2026-",
        b"example/m",
        b'{"',
        b"h1:",
    ):
        _replace(data, word, word[:1] + b"~" + word[2:], dice)


def no_order(data: bytearray, dice: random.Random) -> None:
    """Write random bytes over some places."""
    for _ in range(24):
        at = dice.randrange(100, len(data) - 16)
        data[at : at + 16] = dice.randbytes(16)


def no_page(data: bytearray, dice: random.Random) -> None:
    """Empty a page, or fill it with ones."""
    at = PAGE_BYTES * dice.randrange(1, len(data) // PAGE_BYTES)
    data[at : at + PAGE_BYTES] = dice.choice([b"\0", b"\xff"]) * PAGE_BYTES


def no_end(data: bytearray, dice: random.Random) -> None:
    """Cut it off."""
    del data[dice.randrange(100, len(data)) :]


def _replace(data: bytearray, old: bytes, new: bytes, dice: random.Random) -> None:
    at = data.find(old)
    while at >= 0:
        if dice.random() < 0.5:
            data[at : at + len(old)] = new
        at = data.find(old, at + len(old))


@pytest.mark.sampled
@pytest.mark.parametrize("scramble", [no_utf8, no_sense, no_order, no_page, no_end])
@pytest.mark.parametrize("seed", range(20 if EVERY_STEP else 1))
def test_a_scrambled_catalog_is_no_bug_of_ours(
    prepared: Path,
    tmp_path: Path,
    scramble: Callable[[bytearray, random.Random], None],
    seed: int,
    monkeypatch,
):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    dice = random.Random(seed)
    data = bytearray((prepared / "store" / "catalog.sqlite").read_bytes())
    scramble(data, dice)
    for number, arguments in enumerate(READING):
        copy = Copy(prepared, tmp_path / str(number))
        (copy.folder / "store" / "catalog.sqlite").write_bytes(data)
        check(copy.run(arguments), " ".join(arguments))
        shutil.rmtree(copy.folder)
