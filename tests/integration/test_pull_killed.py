"""The owner killed before any durable step of a pull, beside a sync that publishes.

Whoever asks the next owner gets the right bytes, and store and tree hold nothing wrong.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from gosync.config.serving import PullSpec
from gosync.demo.exchange import RequestKind
from gosync.gomod.module import ModuleVersion
from gosync.serve.asked import read_path
from gosync.serve.origin import Fate
from gosync.serve.ownerclient import OwnerOrigin
from gosync.serve.runtime import runtime_folder
from tests.integration import killing
from tests.integration.forked import CHECKOUT
from tests.integration.pulling import pulling_site
from tests.integration.site import Site
from tests.simulator import Simulator
from tests.simulator.standard import module
from tests.tiers import EVERY_STEP

M, OTHER = "std.example/pulled", "std.example/synced"
_KILLS = 1
_SPEC = PullSpec(hold_seconds=60, zip_hold_seconds=60)


@contextmanager
def _owner(
    site: Site, environment: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    with (site.folder.with_name("owner.log")).open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gosync", "serve", "--owner", "--no-progress"],
            cwd=site.folder,
            env={**os.environ, **site.environment, **environment},
            stdin=subprocess.PIPE,
            stderr=log,
        )
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()  # which ends it
        process.wait(60)


def _pull(site: Site, version: str, process: subprocess.Popen[bytes]) -> Fate | None:
    """Return what becomes of a zip, None where the owner was killed meanwhile."""

    async def ask() -> Fate | None:
        origin = OwnerOrigin(runtime_folder(site.store), _SPEC)
        asked = read_path(f"/{M}/@v/{version}.zip")
        assert asked is not None
        asking = asyncio.create_task(origin.bring(asked))
        while not asking.done() and process.poll() is None:  # noqa: ASYNC110 - it sets no event
            await asyncio.sleep(0.02)
        if not asking.done():
            asking.cancel()
            with suppress(asyncio.CancelledError):
                await asking
            return None
        origin.close()
        return asking.result().fate

    return asyncio.run(ask())


@pytest.mark.sampled
def test_an_owner_killed_at_any_durable_step_is_followed_by_one_that_converges(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    with Simulator(records=5) as sim:
        site = pulling_site(folder, sim)
        sim.publish(module(OTHER, "v1.0.0"))
        site.select([OTHER])
        site.sync()
        counted = killing.environment(tmp_path, CHECKOUT)
        steps, log = tmp_path / "steps", tmp_path / "steps.log"

        sim.publish(module(M, "v1.0.0", say="0"))
        with _owner(site, counted) as owner:
            assert _pull(site, "v1.0.0", owner) is Fate.HERE
        whole = len(log.read_text().splitlines())
        every = range(1, whole + 1)
        some = every if EVERY_STEP else every[1 :: max(1, whole // _KILLS)]
        killed = 0
        for number in some:
            version = f"v1.{number}.0"
            sim.publish(module(M, version, say=f"{number}"))
            steps.write_text(f"{number}")
            with _owner(site, counted) as owner:
                sim.publish(module(OTHER, version))
                site.sync()
                _pull(site, version, owner)
            killed += owner.returncode == -9
            steps.unlink(missing_ok=True)
            with _owner(site, counted) as owner:
                assert _pull(site, version, owner) is Fate.HERE, number
            served = (site.tree / M / "@v" / f"{version}.zip").read_bytes()
            publication = sim.publication(ModuleVersion(M, version))
            assert served == publication.file(RequestKind.ZIP), number
        print(f"{killed} of {len(some)} killed, {whole} steps")
        assert killed >= 0.8 * len(some)
        site.sync()
        site.check(sim)
