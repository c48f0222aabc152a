"""Killed at any durable step: a scanner's verdict, a release, an upload.

Run again, each comes to the same: one decision, one version, the bytes that were given;
and what is out does not change.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.integration import killing
from tests.integration.forked import CHECKOUT
from tests.integration.pulling import pulling_site
from tests.integration.serving import Serving
from tests.integration.site import OK, USAGE, Site
from tests.integration.steps import Step, Stepper, chosen
from tests.integration.test_admit import BAD, GOOD, declare, infected, scanner
from tests.integration.uploading import LIB, put, upload_section, zip_of
from tests.simulator import Simulator
from tests.simulator.standard import module

pytestmark = pytest.mark.long

KILLS = 10
UPLOADS = 6
_TRIES = 100


@pytest.fixture
def stepper() -> Iterator[Stepper]:
    with Stepper() as stepper:
        yield stepper


def _again(site: Site, start: Path) -> None:
    shutil.rmtree(site.folder)
    shutil.copytree(start, site.folder)


def _from(steps: Sequence[Step], text: str) -> int:
    """Return the number of the step before the first one of a file."""
    return max(0, next(n for n, e in enumerate(steps) if text in e.path) - 1)


def test_a_verdict_is_kept_and_a_refusal_decided_once(stepper: Stepper, tmp_path: Path):
    with Simulator() as sim:
        sim.publish(module(GOOD, "v1.0.0"))
        sim.publish(infected("v1.0.0"))
        site = Site(tmp_path / "site", sim, modules=[GOOD, BAD])
        text = '! grep -rq EICAR "$1" || { echo FOUND; exit 1; }'
        declare(site, command=[scanner(tmp_path, text), "{folder}"])
        start = tmp_path / "start"
        shutil.copytree(site.folder, start)
        steps = stepper.run(site, "sync").steps
        assert site.carried() == {f"{GOOD}@v1.0.0"}
        for number in chosen(steps, KILLS, each=1):
            _again(site, start)
            stepper.run(site, "sync", kill_at=number)
            assert f"{BAD}@v1.0.0" not in site.carried(), steps[number]
            site.sync(expect=OK)
            assert site.carried() == {f"{GOOD}@v1.0.0"}, steps[number]
            decisions = site.run("policy", "list", expect=OK).document["decisions"]
            assert [each["modules"] for each in decisions] == [f"{BAD}@v1.0.0"]
            verdicts = (site.tree / "documents" / "verdicts").rglob("*.json")
            assert len(list(verdicts)) == 2, steps[number]
            site.run("verify", expect=OK)


def test_a_release_is_whole_or_made_again(stepper: Stepper, tmp_path: Path):
    with Simulator() as sim:
        sim.publish(module(GOOD, "v1.0.0"))
        site = Site(tmp_path / "site", sim, modules=[GOOD], private=["corp.example"])
        site.sync(expect=OK)
        made = tmp_path / "made"
        made.mkdir()
        (made / "go.mod").write_text(f"module {LIB}\n\ngo 1.21\n")
        (made / "lib.go").write_text("package lib\n")
        other = tmp_path / "other"
        shutil.copytree(made, other)
        (other / "lib.go").write_text("package lib // other\n")
        start = tmp_path / "start"
        shutil.copytree(site.folder, start)
        release = ("--as", f"{LIB}@v1.0.0")
        whole = stepper.run(site, "release", str(made), *release)
        assert whole.code == OK
        h1 = whole.document["zip_h1"]
        first = _from(whole.steps, "store/")
        for number in (
            first + each for each in chosen(whole.steps[first:], KILLS, each=1)
        ):
            _again(site, start)
            stepper.run(site, "release", str(made), *release, kill_at=number)
            site.run("verify", expect=OK)
            again = site.run("release", str(made), *release, expect=OK).document
            assert again["zip_h1"] == h1, whole.steps[number]
            assert site.carried() == {f"{GOOD}@v1.0.0", f"{LIB}@v1.0.0"}
            site.run("release", str(other), *release, expect=USAGE)
            site.run("verify", expect=OK)


@pytest.mark.slow(20)
def test_an_upload_is_whole_or_sent_again(tmp_path: Path):
    with Simulator() as sim:
        site = pulling_site(
            tmp_path / "site",
            sim,
            upstream={"private": ["corp.example/*"]},
            workers=1,
            **upload_section(tmp_path),
        )
        rules = [{"modules": ["corp.example/*"], "users": ["ci"]}]
        site.declare(**{"serve.upload": rules})
        counted = killing.environment(tmp_path, CHECKOUT)
        steps, log = tmp_path / "steps", tmp_path / "steps.log"
        environment = {**site.environment, **counted}

        def count() -> int:
            return len(log.read_text().splitlines()) if log.exists() else 0

        with Serving(site.folder, environment=environment) as server:
            before = count()
            assert put(server, f"{LIB}/@v/v1.0.0.zip", zip_of("v1.0.0"))[0] == 201
            whole = count() - before
        killed = 0
        some = range(1, whole + 1, max(1, whole // UPLOADS))
        for number in some:
            version = f"v1.{number}.0"
            name, body = f"{LIB}/@v/{version}.zip", zip_of(version)
            log.unlink()
            with Serving(site.folder, environment=environment) as server:
                steps.write_text(f"{count() + number}")
                put(server, name, body)
                killed += not steps.exists()
                steps.unlink(missing_ok=True)
                assert _sent(server, name, body) in {200, 201}, number
                other = zip_of(version, "package lib // other\n")
                assert put(server, name, other)[0] == 409, number
            assert (site.tree / name).read_bytes() == body, number
            assert not list((site.store / "serve").glob("uploads/*.zip"))
        print(f"{killed} of {len(some)} killed, {whole} steps")
        assert killed >= len(some) // 2  # a start takes more or fewer steps
        site.run("verify", expect=OK)
        site.run("verify", str(site.tree), "--offline", expect=OK)


def _sent(server: Serving, name: str, body: bytes) -> int:
    """Upload until somebody takes it: another owner takes over."""
    status = 0
    for _ in range(_TRIES):
        status, _ = put(server, name, body)
        if status < 500:
            break
        time.sleep(0.05)
    return status
