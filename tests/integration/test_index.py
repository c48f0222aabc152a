"""``/index`` of a server: Go's module index over what the tree has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gosync.errors import UsageError
from gosync.folder.indexfiles import IndexKind, IndexLine, IndexPart, format_lines
from gosync.serve.indexpage import IndexQuery, index_answer, parse_index_query
from tests.integration.serving import Served, Serving
from tests.integration.site import Site
from tests.simulator import Simulator
from tests.simulator.standard import module

A, B = "a.example/m", "b.example/n"


def rows(answer: Served) -> list[tuple[str, str]]:
    assert answer.status == 200, answer
    lines = [json.loads(line) for line in answer.body.splitlines()]
    assert [line["Timestamp"] for line in lines] == sorted(
        {line["Timestamp"] for line in lines}
    )
    return [(line["Path"], line["Version"]) for line in lines]


def test_another_gosync_follows_it_as_its_index(tmp_path: Path) -> None:
    with Simulator() as sim:
        sim.publish(module(A, "v1.0.0"))
        sim.publish(module(B, "v1.0.0"))
        first = Site(tmp_path / "first", sim, modules=[A, B])
        first.sync()
        with Serving(first.folder, environment=first.environment) as server:
            assert sorted(rows(server.get("/index"))) == [(A, "v1.0.0"), (B, "v1.0.0")]
            urls = {"proxies": [server.url], "index": f"{server.url}/index"}
            second = Site(tmp_path / "second", upstream={"sumdb": sim.gosumdb, **urls})
            second.select(["a.example/*"])
            second.sync()
            assert second.carried() == {f"{A}@v1.0.0"}
            sim.publish(module(A, "v1.1.0"))
            first.sync("--refresh")
            second.sync()
            assert second.carried() == {f"{A}@v1.0.0", f"{A}@v1.1.0"}
            second.check_proven(sim)

            newest = server.get("/index?limit=2").body.splitlines()[-1]
            since = json.loads(newest)["Timestamp"]
            assert len(rows(server.get(f"/index?since={since}"))) == 2
            first.run("withdraw", f"{A}@v1.0.0", "--reason", "a test")
            first.run("publish")
            server.wait_until(lambda: (A, "v1.0.0") not in rows(server.get("/index")))
            assert (A, "v1.0.0") in rows(server.get("/index?include=all"))
            for query in ("since=yesterday", "limit=0", "limit=x", "include=some"):
                assert server.get(f"/index?{query}").status == 400
            assert server.get("/index", method="POST").status == 405


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Three days in five files, the second one with three."""
    number = 0
    for day, part, count in (
        ("2026-01-01", 1, 1500),
        ("2026-01-02", 1, 1000),
        ("2026-01-02", 2, 1000),
        ("2026-01-02", 3, 10),
        ("2026-01-09", 1, 5),
    ):
        lines = []
        for _ in range(count):
            number += 1
            stamp = f"{day}T00:00:00.{number:06d}Z"
            lines.append(IndexLine("a.example/m", f"v0.0.{number}", stamp))
        file = tmp_path / IndexPart(IndexKind.WHOLE, day, part).path
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(format_lines(lines))
    return tmp_path


def test_pages_lead_through_all_of_it(tree: Path) -> None:
    found: dict[str, None] = {}
    since, pages = "", 0
    while True:
        body = index_answer(tree, f"since={since}" if since else "").body
        lines = [json.loads(line) for line in body.splitlines()]
        found |= {line["Version"]: None for line in lines}
        since, pages = lines[-1]["Timestamp"], pages + 1
        if len(lines) < 2000:
            break
    assert list(found) == [f"v0.0.{n}" for n in range(1, 3516)]
    assert pages == 2


def test_a_query_is_read_as_go_s_index_reads_it(tree: Path) -> None:
    assert parse_index_query("") == IndexQuery()
    assert parse_index_query("since=2026-01-02T01:00:00%2B01:00&limit=9999") == (
        IndexQuery("2026-01-02T00:00:00.000000Z", 2000)
    )
    assert parse_index_query("since=2026-01-02T01:00:00+01:00&include=all") == (
        IndexQuery("2026-01-02T00:00:00.000000Z", 2000, include_all=True)
    )
    for wrong in ("limit=-1", "limit=%C2%B2", "since=0", f"since={'1' * 600}"):
        with pytest.raises(UsageError):
            parse_index_query(wrong)
    assert index_answer(tree, "since=2027-01-01T00:00:00Z").body == b""
    assert index_answer(tree, "since=2026-01-02T00:00:00.002502Z&limit=1").body == (
        b'{"Path":"a.example/m","Version":"v0.0.2502",'
        b'"Timestamp":"2026-01-02T00:00:00.002502Z"}\n'
    )
