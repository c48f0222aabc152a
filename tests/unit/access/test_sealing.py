"""Sealed days: every line once, in a chain that nobody changes unnoticed."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gosync.access.sealing import AccessRecords
from gosync.access.zstd import unpacked_lines
from gosync.signing.keys import KeyKind, generate_key
from gosync.store.durable import sync_folder
from tests.integration.inprocess import InProcessSite
from tests.simulator import Simulator
from tests.unit.access.test_audit import line

NOW = datetime(2026, 11, 29, 1, 0, tzinfo=UTC)
KEY = generate_key(KeyKind.ED25519)
STANDS_OPEN, MISSING = 4, 3


@pytest.fixture
def store(tmp_path):
    folder = tmp_path / "store"
    (folder / "staging").mkdir(parents=True)
    return folder


def written(folder: Path, *days: int, name: str = "a.log") -> str:
    """Write a log with three lines of each day."""
    log = folder / name
    log.write_text("".join(line(at, day=day) for day in days for at in range(3)))
    return str(log)


def kept(store: Path) -> dict[str, int]:
    """Return the lines that are kept, by their files."""
    return {
        path.name[7:17]: sum(part.count(b"\n") for part in unpacked_lines(path))
        for path in sorted((store / "access").glob("*.log.zst"))
    }


def proof(store: Path, day: str = "2026-11-27") -> list[str]:
    """Return what is wrong with a day or the chain."""
    parts, problems = AccessRecords(store).prove(day, KEY.public())
    return problems + [each.problem for each in parts if each.problem]


def test_each_day_that_is_over_is_sealed_once(store, tmp_path):
    log, records = written(tmp_path, 26, 27, 28, 29), AccessRecords(store)
    seals = records.seal([log], NOW, KEY)
    assert [(seal.day, seal.lines) for seal in seals] == [
        ("2026-11-26", 3),
        ("2026-11-27", 3),
        ("2026-11-28", 3),
    ]
    assert kept(store) == {"2026-11-26": 3, "2026-11-27": 3, "2026-11-28": 3}
    assert records.seal([log], NOW, KEY) == []
    packed = tmp_path / "a.log.1.gz"
    packed.write_bytes(gzip.compress(Path(log).read_bytes()))
    assert records.seal([str(packed)], NOW, KEY) == []
    (last,) = records.seal([str(packed)], NOW.replace(day=30), KEY)
    assert (last.day, last.number, last.lines) == ("2026-11-29", 4, 3)
    assert proof(store) == []


def test_all_bytes_are_kept_also_of_lines_that_are_none(store, tmp_path):
    log = Path(written(tmp_path, 26, 27))
    odd = b"\x00\xff garbage\n" + b"y" * 3_000_000 + b"\n"
    late = line(86_000 - 43_200, day=26).encode()
    log.write_bytes(log.read_bytes() + odd + late)
    AccessRecords(store).seal([str(log)], NOW, None)
    files = sorted((store / "access").glob("*.log.zst"))
    data = b"".join(part for file in files for part in unpacked_lines(file))
    assert data == log.read_bytes()


def test_another_server_s_log_is_another_part_of_the_day(store, tmp_path):
    records = AccessRecords(store)
    records.seal([written(tmp_path, 27)], NOW, KEY)
    other = tmp_path / "b.log"
    other.write_text(line(1, "/b.example/m/@latest", day=27))
    records.seal([str(other)], NOW, KEY)
    parts, problems = records.prove("2026-11-27", KEY.public())
    assert [(each.number, each.lines, each.signed) for each in parts] == [
        (1, 3, True),
        (2, 1, True),
    ]
    assert problems == []


def test_what_is_changed_dropped_or_forged_is_noticed(store, tmp_path):
    AccessRecords(store).seal([written(tmp_path, 26, 27, 28)], NOW, KEY)
    folder = store / "access"
    lines, seal, gone = (
        folder / "000002-2026-11-27.log.zst",
        folder / "000002-2026-11-27.seal.json",
        folder / "000001-2026-11-26.seal.json",
    )
    whole = {path: path.read_bytes() for path in (lines, seal, gone)}

    def broken(path: Path, data: bytes | None) -> list[str]:
        path.unlink() if data is None else path.write_bytes(data)
        found = proof(store)
        path.write_bytes(whole[path])
        return found

    assert broken(lines, whole[gone])
    assert broken(lines, (folder / "000003-2026-11-28.log.zst").read_bytes())
    assert broken(seal, whole[seal].replace(b'"lines": 3', b'"lines": 2'))
    assert broken(seal, None)
    assert broken(gone, None)
    assert broken(seal, b"{}")
    assert proof(store) == []
    (folder / "000003-2026-11-28.seal.json.sig").unlink()
    assert proof(store) == ["000003-2026-11-28.seal.json: not signed by the key"]


def test_lines_go_when_they_are_too_old_and_the_chain_stays(store, tmp_path):
    records = AccessRecords(store)
    records.seal([written(tmp_path, 26, 27, 28)], NOW, KEY)
    assert records.forget(NOW, keep_days=2) == 1
    assert list(kept(store)) == ["2026-11-27", "2026-11-28"]
    parts, problems = records.prove("2026-11-26", KEY.public())
    assert [each.kept for each in parts] == [False]
    assert problems == []


@pytest.mark.parametrize("dies_at", range(1, 7))
def test_a_run_that_is_killed_is_made_good_by_the_next(
    store, tmp_path, monkeypatch, dies_at
):
    """Killed at each time that something was about to become durable."""
    log, left = written(tmp_path, 26, 27, 28), [dies_at]

    def dying(folder: Path) -> None:
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        sync_folder(folder)

    monkeypatch.setattr("gosync.access.sealing.sync_folder", dying)
    monkeypatch.setattr("gosync.store.durable.sync_folder", dying)
    with pytest.raises(KeyboardInterrupt):
        AccessRecords(store).seal([log], NOW, KEY)
    monkeypatch.undo()
    AccessRecords(store).seal([log], NOW, KEY)
    assert kept(store) == {"2026-11-26": 3, "2026-11-27": 3, "2026-11-28": 3}
    assert proof(store) == []


def test_the_command_seals_and_proves(tmp_path):
    with Simulator() as sim:
        site = InProcessSite(tmp_path / "site", sim)
        made = site.run("key", "new", "sealer", "--dir", str(tmp_path)).document
        site.declare(access={"key": made["secret_file"]})
        log = written(tmp_path, 20)
        sealed = site.run("access", "--seal", log).document["sealed"]
        assert [each["day"] for each in sealed] == ["2026-11-20"]
        found = site.run("access", "--prove", "2026-11-20").document
        assert found["ok"]
        assert found["parts"][0]["signed"]
        site.run("access", "--prove", "2026-11-19", expect=MISSING)
        lines = next((site.store / "access").glob("*.log.zst"))
        lines.write_bytes(b"")
        site.run("access", "--prove", "2026-11-20", expect=STANDS_OPEN)
