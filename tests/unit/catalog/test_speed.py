"""Queries that run over many rows use an index, and idle work is small."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from gosync.catalog.db import Catalog
from gosync.catalog.modules import Module
from gosync.catalog.versions import FoundBy, Need, Proof, VersionRow, Want
from gosync.gomod.module import ModuleVersion

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    """1 000 followed modules, 20 000 versions, all present."""
    path = tmp_path_factory.mktemp("catalog") / "catalog.sqlite"
    rows = [
        VersionRow(
            f"example.com/m{n % 1000}",
            f"v1.{n}.0",
            need=Need.MOD,
            found_by=FoundBy.LIST,
            mod_digest=f"{n:064x}",
            mod_bytes=9,
            mod_h1="h1:x",
            proof=Proof.SUMDB,
            record_id=n,
            record_text=b"r",
        )
        for n in range(20_000)
    ]
    with Catalog.open(path, create=True) as catalog:
        catalog.modules.track(Module(f"example.com/m{n}") for n in range(1000))
        catalog.versions.admit(rows)
        yield catalog


@pytest.mark.parametrize(
    "run",
    [
        lambda catalog: list(catalog.versions.all_wanted(NOW)),
        lambda catalog: catalog.versions.of("example.com/m1"),
        lambda catalog: catalog.versions.get(ModuleVersion("example.com/m1", "v1.1.0")),
        lambda catalog: catalog.versions.carried_paths(changed_after=1),
        lambda catalog: catalog.records.ids(),
        lambda catalog: catalog.records.ids_of(["example.com/m1"], until=9),
        lambda catalog: catalog.records.any(),
        lambda catalog: catalog.versions.last_change_of("example.com/m1"),
        lambda catalog: catalog.versions.counts(),
        lambda catalog: catalog.failures.get(ModuleVersion("m", "v1")),
        lambda catalog: catalog.arrivals.newest(limit=10),
        lambda catalog: catalog.findings.newest(limit=10),
        lambda catalog: catalog.findings.of(ModuleVersion("m", "v1")),
        lambda catalog: catalog.findings.open(),
        lambda catalog: catalog.looks.of(ModuleVersion("m", "v1")),
        lambda catalog: catalog.looks.spent("https://proxy", NOW),
        lambda catalog: catalog.looks.next_due("a", NOW, latest=NOW, zips=True),
        lambda catalog: catalog.looks.next_due(
            "a", NOW, latest=NOW, zips=True, known=True
        ),
        lambda catalog: catalog.looks.next_answerable("a", NOW),
    ],
    ids=[
        "due",
        "of",
        "get",
        "changed",
        "records",
        "records of",
        "any record",
        "last change of",
        "counts",
        "failure",
        "arrivals",
        "newest findings",
        "findings of",
        "open findings",
        "looks of",
        "spent",
        "next look",
        "next known look",
        "next witness",
    ],
)
def test_no_query_scans_the_versions(catalog, run):
    statements: list[str] = []
    connection = catalog._connection._raw
    connection.set_trace_callback(statements.append)
    try:
        run(catalog)
    finally:
        connection.set_trace_callback(None)
    assert statements
    for statement in statements:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
        for step in plan:
            scan = step[3].startswith("SCAN") and "INDEX" not in step[3]
            assert not scan, (statement, step[3])


def test_a_pass_with_nothing_new_costs_milliseconds_and_writes_nothing(catalog):
    wal = catalog.path.with_name(catalog.path.name + "-wal")
    catalog.modules.listed_again([f"example.com/m{n}" for n in range(1000)], NOW)
    before = wal.stat().st_size
    start = time.process_time()
    catalog.modules.track(Module(f"example.com/m{n}") for n in range(1000))
    assert catalog.modules.due(NOW, interval_seconds=60) == []
    assert list(catalog.versions.all_wanted(NOW)) == []
    known = [Want(f"example.com/m{n}", f"v1.{n}.0", Need.MOD) for n in range(1000)]
    assert catalog.versions.want(known) == 0
    assert time.process_time() - start < 0.1
    assert wal.stat().st_size == before
