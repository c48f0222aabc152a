"""Hostile names: nothing is ever written outside the store, the tree and staging."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gosync.demo.exchange import RequestKind
from gosync.gomod.module import ModuleVersion
from tests.integration import watch_writes
from tests.integration.faulty import GOOD
from tests.integration.result import Result
from tests.integration.site import Site, digests
from tests.simulator import Simulator
from tests.simulator.evil import EVIL, FAIR
from tests.simulator.standard import module, publish_standard, source

START = datetime(2024, 6, 1, tzinfo=UTC)
CLIMBING = (
    "../../../escape.example/m",
    "hostile.example/../../../escape",
    "hostile.example/..",
    "hostile.example/./m",
    "hostile.example//m",
    "hostile.example/m/",
    "/hostile.example/m",
    "/etc/hostile.example",
    "hostile.example/.git",
    "hostile.example/m@v1.0.0",
    "hostile.example/@v/list",
    "hostile.example/m\\..\\..\\x",
    "hostile.example/m\x00",
    "hostile.example/m\n",
    "hostile.example/%2e%2e/%2e%2e/x",
    "hostile.example/!m",
    "hostile.example/con",
    "hostile.example/aux.txt/m",
    "hostile.example/m~1",
    "hostile.example/\u202eevil",
    "hostile.example/m:stream",
    "-hostile.example/m",
    "hostile.example/" + "long/" * 600 + "m",
)
VERSIONS = (
    "../../../../escape",
    "v1.0.0/../../../escape",
    "v1.0.0\x00",
    "v1.0.0\n",
    "v1.0.0+../../escape",
    "v1.0.0-../../escape",
    "/etc/passwd",
    "v1.0.0\\..\\escape",
    "latest",
    "",
)


def watched_sync(site: Site) -> tuple[Result, str]:
    """Sync, and return also what was touched outside the site's folder."""
    report = site.folder.parent / "touched.txt"
    prefix = (
        sys.executable,
        watch_writes.__file__,
        str(site.folder),
        str(report),
    )
    result = site.run("sync", "--yes", prefix=prefix)  # the whole index, if need be
    assert "Traceback" not in result.stderr, result.stderr
    return result, report.read_text()


def check_nothing_escaped(tmp_path: Path, site: Site, touched: str) -> None:
    """Nothing outside the site was touched, and nothing strange is inside."""
    assert touched == ""
    assert {each.name for each in tmp_path.iterdir()} == {"site", "touched.txt"}
    site.check_folder()
    for file in digests(site.tree):
        assert ".." not in file.split("/")
        assert file.isprintable()
        assert "escape" not in file


def test_the_watch_sees_a_write_outside(tmp_path: Path) -> None:
    with Simulator() as sim:
        sim.publish(module(GOOD, "v1.0.0"))
        (tmp_path / "elsewhere").mkdir()
        site = Site(tmp_path / "site", sim, modules=[GOOD])
        text = site.config_file.read_text()
        site.config_file.write_text(text.replace('"public"', '"../elsewhere/public"'))
        _, touched = watched_sync(site)
        assert "elsewhere/public" in touched


def test_names_in_the_index_lead_nowhere(tmp_path: Path) -> None:
    with Simulator() as sim:
        sim.publish(module("hostile.example/good", "v1.0.0"), at=START)
        for number, path in enumerate(CLIMBING, 1):
            line = {"Path": path, "Version": "v1.0.0", "Timestamp": stamp(number)}
            sim.index_raw(json.dumps(line).encode(), moment(number))
        for number, version in enumerate(VERSIONS, 100):
            line = {
                "Path": "hostile.example/m",
                "Version": version,
                "Timestamp": stamp(number),
            }
            sim.index_raw(json.dumps(line).encode(), moment(number))
        sim.replace_body("*escape*", b"hello\n")
        patterns = ["hostile.example/*", "*.example/*", "*/*", "etc/*"]
        site = Site(tmp_path / "site", sim, modules=patterns, index=True)
        _, touched = watched_sync(site)
        check_nothing_escaped(tmp_path, site, touched)
        assert site.carried() == {"hostile.example/good@v1.0.0"}
        files = ("/hostile.example/good/@v/", "/hostile.example/long/", "/sumdb/")
        asked = set(sim.paths()) - {"/index"}
        assert {path for path in asked if not path.startswith(files)} == set()
        site.check(sim)


def moment(number: int) -> datetime:
    return START + timedelta(seconds=number)


def stamp(number: int) -> str:
    return moment(number).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_names_in_lists_latest_and_info_lead_nowhere(tmp_path: Path) -> None:
    listed, latest, info = (f"hostile.example/{n}" for n in ("list", "latest", "info"))
    with Simulator() as sim:
        for path in (listed, info):
            sim.publish(module(path, "v1.0.0"))
        sim.publish(module(GOOD, "v1.0.0"))
        sim.publish(module(latest, "v0.0.0-20240101000000-aaaaaaaaaaaa"))
        lines = [*VERSIONS, *CLIMBING, "v1.0.0"]
        sim.replace_body(f"/{listed}/@v/list", "\n".join(lines).encode())
        evil = json.dumps({"Version": "v1.0.0/../../../../escape"}).encode()
        sim.replace_body(f"/{latest}/@latest", evil)
        sim.replace_body(f"/{info}/@v/v1.0.0.info", evil)
        site = Site(tmp_path / "site", sim, modules=[listed, latest, info, GOOD])
        result, touched = watched_sync(site)
        check_nothing_escaped(tmp_path, site, touched)
        assert site.carried() == {f"{listed}@v1.0.0", f"{GOOD}@v1.0.0"}
        assert set(result.failed) == {latest, f"{info}@v1.0.0"}
        site.check(sim)


def test_commit_hashes_that_climb_become_no_alias(tmp_path: Path) -> None:
    hashes = (
        "../../../../escape",
        "0123456789abcdef/../../../../../escape",
        "/etc/passwd",
        "abcdef0\n",
        "abcdef0\x00",
        "ABCDEF0123456789ABCDEF0123456789ABCDEF01",
        "list",
        "v1.0.0",
        "",
        "a" * 5000,
    )
    with Simulator() as sim:
        paths = []
        for number, commit in enumerate(hashes):
            each = module(f"hostile.example/n{number}", "v1.0.0")
            sim.publish(each)
            origin = {"VCS": "git", "URL": "file:///etc", "Hash": commit}
            body = {"Version": "v1.0.0", "Origin": {**origin, "Ref": commit}}
            sim.replace(
                each.module_version, RequestKind.INFO, json.dumps(body).encode()
            )
            paths.append(each.path)
        site = Site(tmp_path / "site", sim, modules=paths)
        result, touched = watched_sync(site)
        assert result.code == 0, result.stdout
        check_nothing_escaped(tmp_path, site, touched)
        names = {file.name for file in site.tree.glob("hostile.example/*/@v/*")}
        assert names == {"list", "index.html", "index.zh.html"} | {
            f"v1.0.0.{kind}" for kind in ("info", "mod", "zip")
        }
        site.check(sim)


def test_names_in_zips_lead_nowhere(tmp_path: Path) -> None:
    zips = {
        ModuleVersion(f"hostile.example/n{number}", "v1.0.0"): make
        for number, make in enumerate([*EVIL.values(), *FAIR.values()])
    }
    with Simulator() as sim:
        for mv, make in zips.items():
            sim.publish_evil(mv, make(mv))
        site = Site(tmp_path / "site", sim, modules=[mv.path for mv in zips])
        result, touched = watched_sync(site)
        check_nothing_escaped(tmp_path, site, touched)
        assert len(result.failed) == len(EVIL)
        assert len(site.carried()) == len(FAIR)


def test_paths_that_would_meet_the_tree_s_own_files_stay_out_of_it(
    tmp_path: Path,
) -> None:
    long = "hostile.example/" + "x" * 250
    with Simulator() as sim:
        publish_standard(sim)
        paths = ["index.html/m", "index.html", long]
        for path in paths:
            sim.publish(module(path, "v1.0.0"))
        site = Site(tmp_path / "site", sim, modules=[*paths, "std.example/tree"])
        result, touched = watched_sync(site)
        check_nothing_escaped(tmp_path, site, touched)
        assert "std.example/tree@v1.0.0" in site.carried()
        assert (site.tree / "index.html").is_file()
        refused = {name for name, _ in result.document["published"]["refused"]}
        assert {"index.html/m", "index.html"} <= refused
        site.check_store()


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "\x1b]0;title\x07"])
def test_text_of_upstream_neither_runs_in_pages_nor_in_terminals(
    tmp_path: Path, text: str
) -> None:
    path = "hostile.example/text"
    go_mod = (
        f"// Deprecated: {text}\nmodule {path}\n\ngo 1.21\n\n"
        f"// {text}\nretract v1.0.0\n"
    )
    with Simulator() as sim:
        sim.publish(source(path, "v1.1.0", {"go.mod": go_mod, "a.go": "package a\n"}))
        sim.publish(module(path, "v1.0.0"))
        sim.fail(f"/{path}/@v/v1.0.0.zip", status=500, body=text.encode())
        site = Site(tmp_path / "site", sim)
        site.select([path], retracted=True)
        site.run("sync", expect=3)
        for page in site.tree.rglob("index.html"):
            assert text not in page.read_text(), page
        [failure] = site.status()["failures"]
        assert "\x1b" not in failure["reason"]
