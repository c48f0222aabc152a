"""What a worker tells its owner of what it was asked for, over the owner's socket."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from gosync.config.serving import PullSpec
from gosync.gomod.module import ModuleVersion
from gosync.serve import ownerclient
from gosync.serve.ownerclient import OwnerOrigin
from gosync.serve.runtime import listen_as_owner
from gosync.serve.wire import parse_used


@pytest.mark.parametrize(("asked", "told"), [(7, 7), (10, 10), (14, 10)])
def test_an_owner_that_was_away_is_told_the_newest_of_what_was_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: int, told: int
):
    monkeypatch.setattr(ownerclient, "_REMEMBERED", 10)
    versions = [ModuleVersion("a.example/m", f"v1.{n}.0") for n in range(asked)]

    async def tell() -> list[ModuleVersion]:
        origin = OwnerOrigin(tmp_path, PullSpec(hold_seconds=1, zip_hold_seconds=1))
        origin.tell_used(versions)
        await anyio.wait_all_tasks_blocked()  # nobody listens: that was noticed
        with listen_as_owner(tmp_path) as listener:
            origin.tell_used(versions[-1:])
            end, _ = await anyio.to_thread.run_sync(listener.accept)
        with end, end.makefile("rb") as lines:
            line = await anyio.to_thread.run_sync(lines.readline)
        origin.close()
        return parse_used(line) or []

    assert anyio.run(tell) == versions[-told:]
