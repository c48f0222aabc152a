"""Statuses, redirects and silence: what the line and the server can do to us."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gosync.clock import format_time
from gosync.demo.exchange import RequestKind
from tests.integration.faulty import GOOD, broken, check_rest, glob, publish_faulty
from tests.integration.site import MISSING, OK, UNAVAILABLE, Site
from tests.simulator import Simulator
from tests.simulator.faults import HTML

FAST = {"timeout_seconds": 5, "zip_timeout_seconds": 5, "retries": 0}


def test_each_bad_status_fails_its_version_alone(tmp_path: Path) -> None:
    gone, refused = (404, 410), (403, 451)
    unavailable = (*refused, 401, 429, 500, 502, 503, 504)
    cases = {
        (status, suffix): f"status.example/{suffix}{status}"
        for status in (*gone, *unavailable)
        for suffix in ("info", "mod", "zip")
    }
    with Simulator() as sim:
        selected = publish_faulty(sim, cases.values())
        for (status, suffix), path in cases.items():
            sim.fail(glob(path, suffix), status=status)
        site = Site(tmp_path / "site", sim, modules=selected)
        result = site.sync(expect=MISSING)
        check_rest(site, sim, result, cases.values())
        states = site.states()
        for (status, _), path in cases.items():
            failure = result.failed[str(broken(path))]
            wanted = MISSING if status in (*gone, *refused) else UNAVAILABLE
            assert failure["exit_code"] == wanted, failure
            assert str(status) in failure["reason"]
            state = "gone" if status in gone else "failed"
            assert states[str(broken(path))] == state
        assert site.quarantine() == [], "no answer is no evidence"
        sim.clear()
        site.check_converges(sim, tmp_path / "clean")


def test_a_404_that_says_fetch_timed_out_is_no_definite_no(tmp_path: Path) -> None:
    suffixes = ("info", "mod", "zip")
    with Simulator() as sim:
        paths = [f"late.example/{suffix}" for suffix in suffixes]
        site = Site(tmp_path / "site", sim, modules=publish_faulty(sim, paths))
        for path, suffix in zip(paths, suffixes, strict=True):
            sim.fetch_timed_out(glob(path, suffix))
        result = site.sync(expect=MISSING)
        check_rest(site, sim, result, paths)
        for path in paths:
            failure = result.failed[str(broken(path))]
            assert failure["error"] == "UpstreamTimeoutError"
            assert failure["exit_code"] == UNAVAILABLE
            assert site.states()[str(broken(path))] == "failed"
        sim.clear()
        site.check_converges(sim, tmp_path / "clean")


def test_a_short_retry_after_is_waited_for_in_the_same_run(tmp_path: Path) -> None:
    path = "limited.example/m"
    with Simulator() as sim:
        site = Site(tmp_path, sim, modules=publish_faulty(sim, [path]))
        fault = sim.rate_limit(glob(path, "zip"), retry_after="1")
        result = site.sync(expect=OK)
        assert fault.hits == 1
        assert result.document["seconds"] >= 1
        assert str(broken(path)) in site.carried()
        site.check(sim)


def test_a_long_retry_after_is_the_next_try_and_is_kept_to(tmp_path: Path) -> None:
    path = "limited.example/m"
    with Simulator() as sim:
        site = Site(tmp_path / "site", sim, modules=publish_faulty(sim, [path]))
        sim.rate_limit(glob(path, "zip"), retry_after="7200", times=None)
        result = site.sync(expect=MISSING)
        check_rest(site, sim, result, [path])
        assert sim.paths(RequestKind.ZIP).count(glob(path, "zip")) == 1, "no second try"
        later = format_time(datetime.now(UTC) + timedelta(seconds=7000))
        [failure] = site.status()["failures"]
        assert failure["next_try_at"] > later
        mark = sim.mark()
        site.sync(expect=MISSING)
        assert (
            sim.paths(RequestKind.INFO, RequestKind.MOD, RequestKind.ZIP, since=mark)
            == []
        )
        sim.clear()
        site.check_converges(sim, tmp_path / "clean")


def test_redirects_beyond_go_s_rules_are_not_followed(tmp_path: Path) -> None:
    names = ("loop", "to-http", "to-file", "to-nowhere")
    paths = {name: f"redirect.example/{name}" for name in names}
    with Simulator(tls=True) as sim:
        selected = publish_faulty(sim, paths.values())
        sim.redirect_loop(glob(paths["loop"], "zip"))
        sim.redirect_to_http(glob(paths["to-http"], "mod"))
        sim.redirect(glob(paths["to-file"], "info"), "file:///etc/passwd")
        sim.redirect(glob(paths["to-nowhere"], "zip"), "")
        site = Site(tmp_path / "site", sim, modules=selected)
        result = site.sync(expect=MISSING)
        check_rest(site, sim, result, paths.values())
        for path in paths.values():
            assert result.failed[str(broken(path))]["exit_code"] == UNAVAILABLE
        assert "insecure" in result.failed[str(broken(paths["to-http"]))]["reason"]
        asked = sim.paths(RequestKind.ZIP).count(glob(paths["loop"], "zip"))
        assert asked <= 2 * 11, "ten redirects, and one more try"
        sim.clear()
        site.check_converges(sim, tmp_path / "clean")


def test_an_honest_redirect_is_followed_over_https(tmp_path: Path) -> None:
    path = "redirect.example/honest"
    with Simulator(tls=True) as sim:
        selected = publish_faulty(sim, [path])
        sim.redirect("/redirect.example/honest/@v/v1.1.0.zip", "/other-storage/x")
        true = sim.publication(broken(path)).zip
        sim.replace_body("/other-storage/x", true)
        site = Site(tmp_path, sim, modules=selected)
        result = site.sync(expect=None)
        [failed] = result.failed.values()
        assert failed["version"] == "v1.1.0", "its storage serves v1.0.0"
        assert f"{path}@v1.0.0" in site.carried()


def test_silence_ends_at_a_deadline_and_harms_one_version(tmp_path: Path) -> None:
    names = ("before", "head", "body", "drip", "reset")
    paths = {name: f"silent.example/{name}" for name in names}
    with Simulator() as sim:
        selected = publish_faulty(sim, paths.values())
        sim.stall(glob(paths["before"], "info"), after_bytes=None)
        sim.stall(glob(paths["head"], "mod"), after_bytes=0)
        sim.stall(glob(paths["body"], "zip"), after_bytes=100)
        sim.drip(glob(paths["drip"], "zip"), pause_seconds=0.2)
        sim.reset(glob(paths["reset"], "zip"))
        site = Site(tmp_path / "site", sim, modules=selected, upstream=FAST)
        result = site.sync(expect=MISSING)
        check_rest(site, sim, result, paths.values())
        for path in paths.values():
            assert result.failed[str(broken(path))]["exit_code"] == UNAVAILABLE
        assert result.document["seconds"] < 60
        sim.clear()
        site.check_converges(sim, tmp_path / "clean")


@pytest.mark.long
def test_a_stalled_list_harms_one_module(tmp_path: Path) -> None:
    path = "silent.example/list"
    with Simulator() as sim:
        sim.stall(f"/{path}/@v/list", after_bytes=1)
        site = Site(tmp_path, sim, modules=publish_faulty(sim, [path]), upstream=FAST)
        result = site.sync(expect=MISSING)
        assert set(result.failed) == {path}
        assert site.carried() == {f"{GOOD}@v1.0.0"}
        site.check(sim)


@pytest.mark.parametrize("status", [403, 500, 503])
def test_an_upstream_that_answers_nothing_at_all_is_exit_75(
    tmp_path: Path, status: int
) -> None:
    with Simulator() as sim:
        site = Site(
            tmp_path, sim, modules=publish_faulty(sim, ["down.example/m"]), index=True
        )
        sim.fail("*", status=status)
        site.sync(expect=UNAVAILABLE)
        sim.clear()
        site.sync("--retry", expect=OK)
        assert len(site.carried()) == 3
        site.check(sim)


def test_an_upstream_that_is_not_there_is_exit_75_and_the_tree_stays(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        site = Site(tmp_path, sim, modules=publish_faulty(sim, ["down.example/m"]))
        site.sync(expect=OK)
        before = site.states_of_files()
        with socket.socket() as reserved:
            reserved.bind(("127.0.0.1", 0))
            port = reserved.getsockname()[1]
            site.configure({"proxies": f"http://127.0.0.1:{port}"})
            site.sync(expect=UNAVAILABLE)
        assert site.states_of_files() == before
        site.check(sim)


def test_pages_of_html_everywhere_are_refused_and_no_finding(tmp_path: Path) -> None:
    paths = {kind: f"page.example/{kind}" for kind in ("info", "mod", "zip")}
    looked_up = "page.example/lookup"
    with Simulator() as sim:
        selected = publish_faulty(sim, [*paths.values(), looked_up])
        for kind, path in paths.items():
            sim.html(glob(path, kind))
        sim.html(f"*/lookup/{looked_up}@v1.0.0")
        site = Site(tmp_path / "site", sim, modules=selected)
        result = site.sync(expect=MISSING)
        check_rest(site, sim, result, [*paths.values(), looked_up])
        for path in (*paths.values(), looked_up):
            assert result.failed[str(broken(path))]["exit_code"] == MISSING
            [evidence] = site.quarantine(str(broken(path)))
            if path != looked_up:
                assert HTML in evidence.files.values()
        sim.clear()
        site.check_converges(sim, tmp_path / "clean")
