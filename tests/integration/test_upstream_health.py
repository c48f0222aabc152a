"""What is known of upstreams outlives a run, and is shown."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from gosync.clock import SystemClock
from gosync.errors import UnavailableError
from gosync.upstream.breaker import Breaker, BreakerState
from gosync.upstream.kept import KeptUpstream, decode_kept, encode_kept, resumed
from gosync.upstream.options import HttpOptions
from gosync.upstream.source import breaker_policy
from tests.integration.site import MISSING, OK, UNAVAILABLE, Site
from tests.simulator import Simulator
from tests.simulator.standard import module

PATH = "healthy.example/m"


def test_it_is_shown_by_status_and_counted_on_over_runs(tmp_path: Path) -> None:
    with Simulator() as sim:
        sim.publish(module(PATH, "v1.0.0"))
        site = Site(tmp_path, sim, modules=[PATH])
        site.sync(expect=OK)
        (first,) = site.run("status", expect=OK).document["upstreams"]
        assert (first["url"], first["state"]) == (sim.url, "closed")
        assert first["success_rate"] == 1
        assert 0 < first["p50_seconds"] <= first["p95_seconds"]
        sim.publish(module(PATH, "v1.1.0"))
        site.sync(expect=OK)
        (second,) = site.run("status", expect=OK).document["upstreams"]
        assert second["requests"] > first["requests"]
        (shown,) = site.status()["upstreams"]
        assert shown["url"] == sim.url
    with Simulator() as other:
        moved = Site(tmp_path, other, modules=[PATH])
        assert moved.run("status").document["upstreams"] == [], "nobody asks it now"


def test_a_mirror_without_latest_and_head_is_known_for_it(tmp_path: Path) -> None:
    with Simulator() as sim:
        sim.publish(module(PATH, "v0.0.0-20240101000000-abcdefabcdef"))
        sim.fail("*/@latest", status=405)
        site = Site(tmp_path, sim, modules=[PATH])
        site.sync(expect=MISSING)
        (shown,) = site.run("status").document["upstreams"]
        assert shown["gaps"] == ["no-latest"]


def test_a_breaker_that_opened_by_itself_begins_with_a_probe() -> None:
    now = SystemClock().now()
    policy = breaker_policy(HttpOptions())
    kept = Breaker().opened(UnavailableError("away"), now, policy)
    assert kept.state(now, policy) is BreakerState.OPEN
    assert resumed(kept, now).state(now, policy) is BreakerState.HALF_OPEN
    written = KeptUpstream(kept, ("no-latest",))
    assert decode_kept(encode_kept(written)) == written
    assert decode_kept("{") == KeptUpstream()


def test_a_health_check_tells_who_is_away_and_who_lags(tmp_path: Path) -> None:
    now = SystemClock().now()
    with Simulator() as sim, Simulator() as late:
        late.publish(module(PATH, "v1.0.0"))
        sim.publish(module(PATH, "v1.0.0"), at=now - timedelta(minutes=3))
        sim.publish(module("new.example/m", "v1.0.0"), at=now - timedelta(minutes=1))
        away = "http://127.0.0.1:9"
        site = Site(
            tmp_path,
            sim,
            modules=[PATH],
            index=True,
            upstream={"proxies": f"{sim.url}|{late.url}|{away}"},
        )
        site.sync(expect=OK)
        mark = late.mark()
        result = site.run("run", "--once", "health", expect=UNAVAILABLE)
        assert away in result.stderr + result.stdout
        assert len(late.requests_since(mark)) == 3, "a relay, and two events"
        shown = {each["url"]: each for each in site.status()["upstreams"]}
        assert shown[sim.url]["lag"]["minutes"] == 0
        assert 1 <= shown[late.url]["lag"]["minutes"] < 3
        assert shown[late.url]["lag"]["bound_minutes"] == 2
        assert shown[away]["success_rate"] < 1
        told = site.run("status").document["upstreams"]
        assert {each["url"] for each in told if each["lag"]} == {sim.url, late.url}
