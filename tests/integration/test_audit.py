"""An audit end to end: what is planted upstream is found, told, and changes nothing."""

from __future__ import annotations

import signal
import time

import anyio
import pytest

from gosync.audit.engine import run_audit as run_audit_room
from gosync.config import load_config
from gosync.daemon.watchdog import JobProgress
from gosync.demo.exchange import RequestKind
from gosync.folder.routes import FEED
from gosync.gomod.info import Origin, VersionInfo, format_info
from gosync.site.site import open_site
from tests.integration.audited import (
    FIRST,
    MOVED,
    OTHER,
    PATH,
    asked,
    found,
    make_site,
    run_audit,
    source,
    upstream,
)
from tests.integration.inprocess import InProcessSite
from tests.integration.result import finish
from tests.integration.site import MISSING, OK, STANDS_OPEN, UNAVAILABLE
from tests.simulator import Simulator
from tests.simulator.repositories import Repositories


@pytest.fixture
def sim():
    with upstream() as sim:
        yield sim


@pytest.fixture
def second():
    with upstream() as second:
        yield second


def test_a_moved_tag_is_found_and_told_and_the_proven_bytes_stay(tmp_path, sim, second):
    site = make_site(tmp_path, sim, second)
    before = site.tree_files()
    assert run_audit(site, expect=OK)["news"] == []
    sim.move_tag(FIRST, MOVED)

    news = run_audit(site, expect=STANDS_OPEN)["news"]

    assert found(site) == {("rewritten", str(FIRST)), ("diverged", str(FIRST))}
    rewritten = next(each for each in news if each["kind"] == "rewritten")
    assert rewritten["source"] == sim.url
    assert set(rewritten["theirs"]) == {"commit", "mod_h1", "zip_h1"}
    publication = second.publication(FIRST)
    assert rewritten["ours"]["zip_h1"] == publication.zip_h1
    assert rewritten["ours"]["mod_h1"] == publication.mod_h1
    # The evidence is kept, byte for byte.
    kept = [each.folder.name for each in site.quarantine(str(FIRST))]
    assert rewritten["ours"]["zip_evidence"] in kept
    # Nothing of the tree has changed, nor does a sync bring the other bytes.
    site.sync("--refresh", "--retry")
    assert site.tree_files() == before
    site.check(second)
    # status and show tell it.
    status = site.run("status", expect=STANDS_OPEN).document
    assert status["audit"]["open"]["rewritten"] == 1
    shown = site.run("show", str(FIRST), expect=OK).document
    assert {each["kind"] for each in shown["findings"]} == {"rewritten", "diverged"}
    assert {each["source"] for each in shown["looks"]} == {sim.url, second.url}
    feed = (site.tree / FEED).read_text()
    assert f"rewritten: {FIRST} (new)" in feed
    assert f"{PATH} v1.1.0" in feed
    # It is told once.
    assert run_audit(site, expect=STANDS_OPEN)["news"] == []
    # And it is over when the tag is back.
    sim.move_back(FIRST)
    run_audit(site, expect=OK)
    assert found(site) == set()
    shown = site.run("show", str(FIRST), expect=OK).document
    assert {each["state"] for each in shown["findings"]} == {"resolved"}


def test_an_unchanged_file_costs_no_body(tmp_path, sim):
    site = make_site(tmp_path, sim)
    sim.etags("*")
    run_audit(site, expect=OK)
    mark = sim.mark()
    report = run_audit(site, expect=OK)
    logged = sim.requests_since(mark)
    assert {each.status for each in logged} == {304}
    assert report["received_bytes"] == 0
    assert report["unchanged"] == len(logged)
    sim.move_tag(FIRST, MOVED)
    run_audit(site, expect=STANDS_OPEN)
    assert ("rewritten", str(FIRST)) in found(site)


def test_an_audit_that_ends_at_its_budget_says_so(tmp_path, sim):
    site = make_site(tmp_path, sim, budget_per_hour=5)
    report = site.run("audit").document
    told = site.status()["audit"]
    lines = site.people("status")

    [spent] = report["budget_spent"]
    assert spent["source"] == sim.url
    assert spent["requests"] == spent["requests_per_hour"] == 5
    assert report["waiting"] == spent["waiting"] == told["waiting"] > 0
    assert [each["source"] for each in told["budget_spent"]] == [sim.url]
    assert spent["again_at"] > site.status()["last_run"]["ended_at"]
    assert f"this hour's budget is spent for {sim.url}" in lines

    site.declare(audit={"budget_per_hour": 100})
    report = site.run("audit").document
    assert (report["waiting"], report["budget_spent"]) == (0, [])
    assert site.status()["audit"]["budget_spent"] == []


def test_a_budget_is_kept_over_runs_and_the_oldest_question_goes_first(tmp_path, sim):
    site = make_site(tmp_path, sim, budget_per_hour=5)
    mark = sim.mark()
    first = site.run("audit", expect=OK).document
    assert first["answered"] >= 5
    assert first["waiting"] > 0
    assert len(sim.requests_since(mark)) == 5
    assert site.run("audit", expect=OK).document["answered"] == 0
    assert len(sim.requests_since(mark)) == 5
    site.declare(audit={"budget_per_hour": 100})
    site.run("audit", expect=OK)
    assert set(asked(sim, mark).values()) == {1}  # none twice, all of them once
    mark = sim.mark()
    site.run("audit", expect=OK)
    assert sim.requests_since(mark) == []


def test_an_upstream_that_is_down_is_left_alone_and_nothing_is_invented(tmp_path, sim):
    site = make_site(tmp_path, sim)
    sim.fail("*", status=503)
    mark = sim.mark()
    report = run_audit(site, expect=UNAVAILABLE)
    assert len(sim.requests_since(mark)) == 3
    assert report["resting"][0]["source"] == sim.url
    run_audit(site, expect=UNAVAILABLE)
    assert len(sim.requests_since(mark)) == 3
    assert found(site) == set()


def test_retry_after_is_heeded_at_once(tmp_path, sim):
    site = make_site(tmp_path, sim)
    sim.rate_limit("*", retry_after="4000", times=None)
    mark = sim.mark()
    report = run_audit(site, expect=UNAVAILABLE)
    assert len(sim.requests_since(mark)) == 1
    assert report["resting"][0]["until"] > site.status()["last_run"]["ended_at"]


@pytest.mark.long
def test_one_upstream_that_hangs_does_not_keep_the_other(tmp_path, sim, second):
    site = make_site(tmp_path, sim, second)
    site.configure({"timeout_seconds": 5})
    site.run("audit", expect=OK)
    second.move_tag(FIRST, MOVED)
    sim.stall("*", after_bytes=None)
    mark = second.mark()

    report = run_audit(site, expect=STANDS_OPEN)

    assert [rest["source"] for rest in report["resting"]] == [sim.url]
    assert len(second.requests_since(mark)) >= 9
    assert ("rewritten", str(FIRST)) in found(site)


def test_one_question_without_an_answer_does_not_keep_the_others(tmp_path, sim):
    site = make_site(tmp_path, sim)
    sim.fail(f"*{PATH}/@v/v1.0.0.zip", status=500)
    mark = sim.mark()
    assert run_audit(site, expect=MISSING)["failed"] == 1
    assert len(asked(sim, mark)) > 4
    # The module's others had to wait for another audit, in which it waits itself.
    assert site.run("audit", expect=OK).document["waiting"] == 0
    assert set(asked(sim, mark).values()) == {1}
    sim.clear()
    mark = sim.mark()
    site.run("audit", expect=OK)
    assert sim.requests_since(mark) == []
    # What fails and was all that was due is no upstream that is down.
    sim.publish(source(OTHER, "v1.1.0"))
    site.sync("--refresh")
    sim.fail(f"*{OTHER}/@v/v1.1.0.*", status=500)
    assert site.run("audit", expect=MISSING).document["resting"] == []


def test_a_page_of_a_captive_portal_is_no_finding(tmp_path, sim):
    site = make_site(tmp_path, sim)
    sim.html("*")
    run_audit(site, expect=UNAVAILABLE)
    assert found(site) == set()


def test_a_proxy_that_never_had_a_module_has_not_lost_it(tmp_path, sim):
    with Simulator() as empty:
        empty.database.supported = False
        site = make_site(tmp_path, empty, sim)
        run_audit(site, expect=OK)
        assert found(site) == set()


def test_private_modules_are_asked_of_who_serves_them_and_held_against_pins(
    tmp_path, sim, second
):
    private = source("corp.example/m", "v1.0.0")
    mv = private.module_version
    sim.publish_private(private)
    proxies = [second.url, sim.url]
    site = InProcessSite(
        tmp_path,
        sim,
        modules=["corp.example/m", PATH],
        private=["corp.example"],
        upstream={"proxies": proxies, "private_proxies": [sim.url]},
    )
    site.sync()
    mark, other = sim.mark(), second.mark()

    run_audit(site, expect=OK)
    sim.move_tag(mv, {"a.go": b"package a // other\n"})
    run_audit(site, expect=STANDS_OPEN)

    assert found(site) == {("rewritten", str(mv))}
    assert not any("corp.example" in path for path in second.paths(since=other))
    database = {
        RequestKind.LOOKUP,
        RequestKind.TILE,
        RequestKind.HEAD,
        RequestKind.SUPPORTED,
    }
    assert not database & set(sim.counts(since=mark))
    (finding,) = site.status()["findings"]
    assert "seen first" in finding["summary"]


def test_a_tag_that_moved_at_its_source_is_found_before_any_proxy_knows(tmp_path, sim):
    (tmp_path / "git").mkdir()
    with Repositories(tmp_path / "git") as repositories:
        origin = Origin(
            vcs="git",
            url=repositories.url,
            ref="refs/tags/v1.0.0",
            hash=repositories.tag("v1.0.0"),
        )
        sim.replace(
            FIRST, RequestKind.INFO, format_info(VersionInfo("v1.0.0", None, origin))
        )
        host = repositories.root.removeprefix("https://")
        (tmp_path / "site").mkdir()
        site = make_site(tmp_path / "site", sim, git_hosts=[host])
        site.configure({"ca_file": str(repositories.ca_file)})
        run_audit(site, expect=OK)

        moved = repositories.tag("v1.0.0")
        (finding,) = run_audit(site, expect=STANDS_OPEN)["news"]

        assert (finding["kind"], finding["source"]) == ("moved", repositories.url)
        assert finding["ours"] == {"commit": origin.hash}
        assert finding["theirs"] == {"commit": moved}
        site.declare(audit={"git_hosts": []})
        asked = len(repositories.asked)
        run_audit(site, expect=OK)
        assert len(repositories.asked) == asked
        (finding,) = site.run("show", str(FIRST), expect=OK).document["findings"]
        assert finding["summary"].endswith("is asked no longer")


def test_a_signal_keeps_what_was_answered_and_the_next_run_goes_on(tmp_path, sim):
    site = make_site(tmp_path, sim)
    stalled = sim.stall(f"*{PATH}/@v/v1.1.0.zip", after_bytes=10)
    mark = sim.mark()
    process = site.start("audit")
    deadline = time.monotonic() + 120
    while not stalled.hits and time.monotonic() < deadline:
        time.sleep(0.01)
    process.terminate()
    result = finish(process)
    assert result.code == 128 + signal.SIGTERM, result.stderr
    assert list((site.store / "staging").iterdir()) == []
    sim.clear()
    site.run("audit", expect=OK)
    again = {path for path, times in asked(sim, mark).items() if times > 1}
    assert again == {f"/{PATH}/@v/v1.1.0.zip"}


def test_a_zip_that_comes_slowly_shows_that_it_comes(tmp_path, sim):
    site, progress = make_site(tmp_path, sim), JobProgress()
    config = load_config(site.config_file, {})
    sim.drip("*v1.0.0.zip", piece_bytes=20, pause_seconds=0.001)
    with open_site(config.site_options(), command="test") as opened:
        report = anyio.run(run_audit_room, opened, config.audit_options(), progress)
    assert report.failed == 0
    assert progress.beats > 2 * report.answered


def test_a_go_mod_that_says_too_much_is_cut(tmp_path, sim):
    retractions = "\n".join(f"retract v9.{n}.0 // {'x' * 300}" for n in range(1500))
    notice = (
        f"// Deprecated: {'y' * 5000}\nmodule {OTHER}\n{retractions}\nretract v1.0.0\n"
    )
    site = make_site(tmp_path, sim)
    sim.publish(source(OTHER, "v1.1.0", notice))
    run_audit(site, expect=STANDS_OPEN)
    by_kind = {each["kind"]: each for each in site.status()["findings"]}
    assert len(by_kind["deprecated"]["theirs"]["deprecated"]) == 200
    assert "retracted" not in by_kind
