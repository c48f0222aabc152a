"""A portion of small versions: admitted as each would be, in few threads' turns."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest
from anyio import to_thread
from msgspec.structs import replace

from gosync.catalog.pins import Pin
from gosync.catalog.versions import Need, VersionRow
from gosync.config.load import parse_config
from gosync.errors import ChecksumMismatchError, RejectedError, StoreError
from gosync.gomod.info import VersionInfo, format_info
from gosync.gomod.module import ModuleVersion
from gosync.ingest.gate import Gate
from gosync.ingest.portion import (
    AdmittedPortion,
    HandedFile,
    HandedVersion,
    HandedZip,
    admit_portion,
)
from gosync.site.site import Site, open_site
from gosync.store.layout import CATALOG
from gosync.upstream.answer import Served
from tests.unit.gomod.zipfiles import make_zip

NOW = datetime(2026, 1, 1, tzinfo=UTC)
COUNT = 20


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    document: dict[str, object] = {"upstream": {"proxies": "off", "sumdb": "off"}}
    options = parse_config(document, {}, base=tmp_path).site_options()
    with open_site(options, command="a test") as site:
        yield site


def gate_of(site: Site) -> Gate:
    return Gate(
        holder=site.holder,
        blobs=site.blobs,
        quarantine=site.quarantine,
        pins=site.catalog.pins,
        sums=None,
        clock=site.clock,
    )


def mv_of(number: int) -> ModuleVersion:
    return ModuleVersion(f"small.example/m{number}", "v1.0.0")


def handed(gate: Gate, number: int, *, go_mod: bytes | None = None) -> HandedVersion:
    """Return a version; with another go.mod in its zip if one is given."""
    mv = mv_of(number)
    mod = f"module {mv.path}\n".encode()
    files = {"go.mod": go_mod or mod, "a.go": b"package a // %d\n" % number}
    staged = gate.blobs.stage()
    staged.write(make_zip(files.items(), prefix=f"{mv}/"))
    info = format_info(VersionInfo(mv.version, NOW))
    return HandedVersion(
        gate.open(mv, need=Need.ZIP, private=False),
        HandedFile(info, _served(f"{mv}.info", len(info))),
        HandedFile(mod, _served(f"{mv}.mod", len(mod))),
        HandedZip(staged, _served(f"{mv}.zip", staged.size_bytes)),
    )


def _served(name: str, size_bytes: int) -> Served:
    return Served(
        url=f"bundle:{name}",
        status=200,
        headers={},
        at=NOW,
        size_bytes=size_bytes,
        framed=True,
    )


async def _alone(versions: list[HandedVersion]) -> list[VersionRow]:
    rows = []
    for each in versions:
        assert each.info is not None
        assert each.zip is not None
        async with each.admission as admission:
            admission.adopt_zip(each.zip.staged)
            admission.take_info(*each.info)
            await admission.take_mod(*each.mod)
            await admission.take_zip(*each.zip)
            rows.append(await admission.admit())
    return rows


def admit(gate: Gate, versions: list[HandedVersion]) -> AdmittedPortion:
    return anyio.run(admit_portion, gate, versions)


def staged_files(site: Site) -> list[Path]:
    return list((site.options.store_path / "staging").iterdir())


def announced(site: Site) -> int:
    """Return how many blobs somebody else sees announced."""
    with closing(sqlite3.connect(site.options.store_path / CATALOG)) as catalog:
        found: int = catalog.execute("SELECT count(*) FROM announcements").fetchone()[0]
    return found


def test_a_portion_is_admitted_as_each_of_its_versions_is(site: Site) -> None:
    gate = gate_of(site)
    found = admit(gate, [handed(gate, n) for n in range(COUNT)])
    alone = anyio.run(_alone, [handed(gate, n) for n in range(COUNT)])
    assert found.error is None
    assert [replace(row, admitted_at=None) for row in found.rows] == [
        replace(row, admitted_at=None) for row in alone
    ]
    assert staged_files(site) == []


def test_threads_are_asked_no_oftener_for_many_than_for_one(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    run_sync: Callable[..., object] = to_thread.run_sync

    def counted(work: object, *arguments: object, **how: object) -> object:
        asked.append(work)
        return run_sync(work, *arguments, **how)

    gate = gate_of(site)
    monkeypatch.setattr(to_thread, "run_sync", counted)
    said = site.holder.announce
    portions: list[set[str]] = []

    def announce(digests: Iterable[str]) -> None:
        portions.append(set(digests))
        said(portions[-1])

    monkeypatch.setattr(site.holder, "announce", announce)
    admit(gate, [handed(gate, n) for n in range(COUNT)])
    assert len(asked) == 2
    assert len(portions) == 1


def test_those_before_one_that_is_refused_are_admitted(site: Site) -> None:
    gate = gate_of(site)
    versions = [handed(gate, n) for n in range(COUNT)]
    versions[7].zip.staged.discard()  # type: ignore[union-attr]
    versions[7] = handed(gate, 7, go_mod=b"module evil.example/m\n")
    found = admit(gate, versions)
    assert [row.path for row in found.rows] == [mv_of(n).path for n in range(7)]
    assert isinstance(found.error, RejectedError)
    assert str(mv_of(7)) in str(found.error)
    kept = list((site.options.store_path / "quarantine").iterdir())
    assert len(kept) == 1
    assert staged_files(site) == []
    names = {digest for row in found.rows for digest, _ in row.blobs().values()}
    assert announced(site) == len(names), "what is admitted, and nothing else"


def test_a_version_that_is_not_what_it_was_is_refused_by_its_pin(site: Site) -> None:
    gate = gate_of(site)
    site.catalog.pins.pin(mv_of(3), seen=Pin("h1:another"), now=NOW)
    found = admit(gate, [handed(gate, n) for n in range(COUNT)])
    assert isinstance(found.error, ChecksumMismatchError)
    assert [row.path for row in found.rows] == [mv_of(n).path for n in range(3)]


def test_where_the_store_takes_nothing_nothing_is_relied_on(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = gate_of(site)

    def refuse(_: object) -> None:
        raise StoreError("no")

    monkeypatch.setattr(site.blobs, "admit_all", refuse)
    with pytest.raises(StoreError, match="no"):
        admit(gate, [handed(gate, n) for n in range(COUNT)])
    assert announced(site) == 0
    assert staged_files(site) == []
