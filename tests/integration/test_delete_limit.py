"""At most publish.max_delete versions leave a tree at once, whoever removes them."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.integration.offered import offer
from tests.integration.site import OK, USAGE, Site
from tests.integration.test_prune import AFTER, BEFORE, GONE, KEPT, narrowed_site
from tests.simulator import Simulator


def test_a_prune_asks_for_leave_and_its_publish_does_not_ask_again(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        site = narrowed_site(tmp_path, sim)
        site.declare(publish={"tree": "public", "max_delete": 1})
        site.sync()
        refused = site.run("prune", "--grace-days", "0", expect=USAGE)
        assert "--max-delete 2" in refused.stderr
        assert site.listed() == site.carried() == BEFORE
        done = site.run("prune", "--grace-days", "0", "--yes", expect=OK)
        assert len(done.document["removes"]) == 2, "one document"
        assert site.listed() == site.carried() == AFTER
        site.check(sim)


def test_a_job_never_asks_and_says_which_command_does(tmp_path: Path) -> None:
    with Simulator() as sim:
        site = narrowed_site(tmp_path, sim)
        site.declare(
            publish={"tree": "public", "max_delete": 1}, prune={"grace_days": 0}
        )
        site.sync()
        run = site.run("run", "--once", "prune")
        assert run.code == USAGE
        assert "2 versions would go" in run.document["jobs"]["prune"]["error"]
        assert site.listed() == BEFORE
        site.declare(daemon={"max_delete": 2})
        site.run("run", "--once", "prune", expect=OK)
        assert site.listed() == AFTER


def test_another_tree_follows_later_within_the_limit_or_by_word(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        site = narrowed_site(tmp_path, sim)
        other = site.folder / "store" / "other"
        site.run("publish", str(other), expect=OK)
        site.sync()
        site.run("prune", "--grace-days", "0", expect=OK)
        site.declare(publish={"tree": "public", "max_delete": 1})
        before = sorted(other.rglob("*.zip"))
        assert len(before) == len(BEFORE)
        refused = site.run("publish", str(other), expect=USAGE)
        assert f"publish {other} --max-delete 2" in refused.document["hint"]
        assert "kept.example/m@v1.1.0" in refused.document["message"]
        assert sorted(other.rglob("*.zip")) == before
        site.run("publish", str(other), "--max-delete", "2", expect=OK)
        zips = {str(path.relative_to(other)) for path in other.rglob("*.zip")}
        assert zips == {f"{KEPT}/@v/v1.0.0.zip"}
        assert not (other / GONE).exists()


def test_a_sync_keeps_what_it_fetched_when_its_publish_is_refused(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        site = Site(tmp_path, sim, modules=[KEPT], upstream={"sumdb": "off"})
        offer(sim, KEPT, "v1.0.0", "v1.1.0")
        site.sync()
        # With a database asked, what was pinned is unproven until it is proven.
        site.declare(publish={"tree": "public", "max_delete": 1})
        site.configure({"sumdb": sim.gosumdb})
        sim.fail("*/lookup/*", status=503)
        refused = site.sync(expect=USAGE)
        assert "--max-delete 2" in refused.document["hint"]
        assert len(site.listed()) == 2
        sim.clear()
        site.sync("--retry")
        assert len(site.listed()) == 2
        site.check(sim)


def read_terminal(descriptor: int) -> str:
    """Return all that is written to a terminal until nobody has it open."""
    said = b""
    with suppress(OSError), os.fdopen(descriptor, "rb", buffering=0) as terminal:
        while data := terminal.read(4096):
            said += data
    return said.decode()


@pytest.mark.parametrize(("answer", "code"), [("n", USAGE), ("y", OK)])
def test_somebody_at_a_terminal_is_asked(
    tmp_path: Path, answer: str, code: int
) -> None:
    with Simulator() as sim:
        site = narrowed_site(tmp_path, sim)
        site.declare(publish={"tree": "public", "max_delete": 1})
        site.sync()
        theirs, ours = pty.openpty()
        asked = subprocess.Popen(
            [sys.executable, "-m", "gosync", "prune", "--grace-days", "0"],
            cwd=site.folder,
            env=site.environment,
            stdin=ours,
            stderr=ours,
            stdout=subprocess.PIPE,
        )
        os.close(ours)
        os.write(theirs, f"{answer}\n".encode())
        with ThreadPoolExecutor(1) as pool:
            reading = pool.submit(read_terminal, theirs)
            out, _ = asked.communicate(timeout=100)
            said = reading.result(timeout=100)
        assert "2 versions would go, more than 1. Go on?" in said
        assert f"{KEPT}@v1.1.0" in out.decode(), "what would go is shown before"
        assert asked.returncode == code
        assert site.listed() == (AFTER if code == OK else BEFORE)
