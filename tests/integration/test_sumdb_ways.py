"""How the checksum database is reached, and that its head outlives a run."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from gosync.demo.exchange import RequestKind
from tests.integration.faulty import publish_faulty
from tests.integration.site import MISSING, OK, SECURITY, Site
from tests.simulator import Simulator
from tests.simulator.standard import UPPER, module, publish_standard

OF_THE_LOG = (
    RequestKind.LOOKUP,
    RequestKind.TILE,
    RequestKind.HEAD,
    RequestKind.SUPPORTED,
)


def sites(sim: Simulator) -> set[str]:
    """Return the fronts that were asked for the database's files."""
    return {
        logged.request.site
        for logged in sim.requests
        if logged.kind in (RequestKind.LOOKUP, RequestKind.TILE, RequestKind.HEAD)
    }


def test_a_proxy_that_says_supported_carries_all_requests(tmp_path: Path) -> None:
    with Simulator() as sim:
        sim.start_database()
        publish_standard(sim)
        site = Site(tmp_path, sim, modules=[UPPER])
        site.sync()
        assert sim.counts()[RequestKind.SUPPORTED] == 1
        prefix = f"/sumdb/{sim.log.name}/"
        assert all(path.startswith(prefix) for path in sim.paths(*OF_THE_LOG))
        assert sites(sim) == {"upstream"}
        site.check(sim)


def test_a_database_with_a_url_is_asked_there_and_nowhere_else(tmp_path: Path) -> None:
    with Simulator() as sim:
        url = sim.start_database()
        publish_standard(sim)
        direct = f"{sim.verifier_key} {url}"
        site = Site(tmp_path, sim, modules=[UPPER], upstream={"sumdb": direct})
        site.sync()
        assert sim.counts()[RequestKind.SUPPORTED] == 0
        assert sites(sim) == {"sumdb"}
        site.check(sim)


def test_the_second_proxy_carries_the_database_where_the_first_does_not(
    tmp_path: Path,
) -> None:
    with Simulator() as sim, Simulator() as other:
        publish_standard(sim)
        other.database.supported = False
        proxies = [other.url, sim.url]
        site = Site(tmp_path, sim, modules=[UPPER], upstream={"proxies": proxies})
        site.sync()
        assert other.counts()[RequestKind.SUPPORTED] == 1
        assert sites(other) == set()
        assert sites(sim) == {"upstream"}
        site.check(sim)


def test_one_lookup_proves_both_hashes_and_the_head_is_asked_once(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        paths = publish_faulty(sim, ["log.example/m"])
        site = Site(tmp_path, sim, modules=paths)
        site.sync()
        assert sim.counts()[RequestKind.LOOKUP] == 3
        assert sim.counts()[RequestKind.HEAD] == 1
        tiles = sim.paths(RequestKind.TILE)
        assert len(tiles) == len(set(tiles)), "no tile is asked for twice"


def test_the_trusted_head_is_kept_across_runs_and_only_moves_forward(
    tmp_path: Path,
) -> None:
    with Simulator(records=300) as sim:
        sim.publish(module("log.example/m", "v1.0.0"))
        site = Site(tmp_path / "site", sim, modules=["log.example/m"])
        heads = []
        for version in ("v1.1.0", "v1.2.0", "v1.3.0"):
            site.sync()
            heads.append(site.status()["tree_heads"][sim.log.name])
            sim.log.grow(300)
            sim.publish(module("log.example/m", version))
        assert heads == sorted(set(heads))
        assert heads[0] == 301
        # Proofs of consistency start at the head that the earlier run trusted: a
        # log that forgot it is found out.
        sim.database.fork(100)
        result = site.sync(expect=SECURITY)
        assert result.failed["log.example/m@v1.3.0"]["error"] == "ForkError"
        site.check(sim)


def test_a_stored_head_that_the_key_did_not_sign_is_a_finding(tmp_path: Path) -> None:
    with Simulator() as sim:
        paths = publish_faulty(sim, ["log.example/m"])
        site = Site(tmp_path, sim, modules=paths[:1])
        site.sync(expect=OK)
        with closing(sqlite3.connect(site.store / "catalog.sqlite")) as catalog:
            note = catalog.execute("SELECT note FROM heads").fetchone()[0]
            size = f"\n{sim.log.size}\n".encode()
            catalog.execute(
                "UPDATE heads SET note = ?", (note.replace(size, b"\n2\n"),)
            )
            catalog.commit()
        before = site.tree_files()
        site.select(paths)
        site.sync(expect=SECURITY)
        assert site.tree_files() == before


def test_another_key_for_the_same_name_proves_nothing(tmp_path: Path) -> None:
    with Simulator() as sim, Simulator(seed=b"another key") as other:
        paths = publish_faulty(sim, ["log.example/m"])
        site = Site(
            tmp_path, sim, modules=paths, upstream={"sumdb": other.verifier_key}
        )
        result = site.sync(expect=SECURITY)
        assert {f["error"] for f in result.failed.values()} == {"SignatureError"}
        assert site.carried() == set()


def test_versions_of_one_module_that_the_log_does_not_know_are_missing(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        paths = publish_faulty(sim, ["log.example/m"])
        sim.publish(module("unlogged.example/m", "v1.0.0"), logged=False)
        site = Site(tmp_path, sim, modules=[*paths, "unlogged.example/m"])
        result = site.sync(expect=MISSING)
        assert set(result.failed) == {"unlogged.example/m@v1.0.0"}
        assert len(site.carried()) == 3
        site.check(sim)
