"""Backups: whole or not there, made while others work, brought back without loss."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gosync.store.lock import StoreLock
from tests.integration.offered import offer
from tests.integration.site import (
    OK,
    STORE,
    USAGE,
    Site,
    digests,
    files_below,
)
from tests.integration.steps import Stepper, chosen
from tests.simulator import Simulator

M, PRIVATE = "kept.example/m", "corp.example/p"
KILLS = 10
OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


def make_site(folder: Path, sim: Simulator) -> Site:
    offer(sim, M, "v1.0.0")
    offer(sim, PRIVATE, "v1.0.0")
    site = Site(folder, sim, modules=[M, PRIVATE], private=[PRIVATE])
    site.sync()
    return site


def backup(site: Site, folder: Path, *arguments: str, expect: int = OK) -> Any:
    return site.run("backup", str(folder), *arguments, expect=expect).document


def whole(folder: Path) -> list[Path]:
    """Return the backups in a folder, each proven by what it says of itself."""
    found = sorted(path.parent for path in folder.glob("2*/backup.json"))
    for each in found:
        record = json.loads((each / "backup.json").read_bytes())
        names = {str(path.relative_to(each)) for path in files_below(each)}
        assert names == {f["name"] for f in record["files"]} | {"backup.json"}
        for file in record["files"]:
            data = (each / file["name"]).read_bytes()
            assert hashlib.sha256(data).hexdigest() == file["sha256"]
            assert len(data) == file["size_bytes"]
    return found


def test_a_backup_has_catalog_and_journal_and_the_newest_are_kept(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        site = make_site(tmp_path / "site", sim)
        folder = tmp_path / "backups"
        before = site.states_of_files()
        first = backup(site, folder)
        [made] = whole(folder)
        assert first["folder"] == str(made)
        names = {path.name for path in files_below(made)} - {"store.json"}
        assert names == {"backup.json", "catalog.sqlite", "00000001.jsonl"}
        assert made.stat().st_mode & 0o077 == 0
        assert site.states_of_files() == before

        second = backup(site, folder, "--keep", "2")
        journals = [each / "journal/00000001.jsonl" for each in whole(folder)]
        assert journals[0].samefile(journals[1]), "what has not grown is shared"
        assert (folder / "latest").resolve() == Path(second["folder"])
        third = backup(site, folder, "--keep", "2")
        assert third["removed"] == [made.name]
        assert [str(each) for each in whole(folder)] == [
            second["folder"],
            third["folder"],
        ]


def test_another_process_may_hold_the_lock(tmp_path: Path) -> None:
    with Simulator() as sim:
        site = make_site(tmp_path / "site", sim)
        with StoreLock(site.store, command="gosync sync").acquire():
            backup(site, tmp_path / "backups")
        assert len(whole(tmp_path / "backups")) == 1


def test_a_backup_while_a_sync_commits_is_of_one_state(tmp_path: Path) -> None:
    with Simulator() as sim:
        site = make_site(tmp_path / "site", sim)
        offer(sim, M, *(f"v1.{n}.0" for n in range(1, 25)))
        syncing = site.start("sync", "--refresh")
        made = []
        while syncing.poll() is None:
            made.append(backup(site, tmp_path / "backups", "--keep", "99"))
        syncing.communicate()
        assert syncing.returncode == OK
        assert made
        whole(tmp_path / "backups")
        for each in made:
            inside = site.twin(tmp_path / f"at-{Path(each['folder']).name}")
            shutil.copytree(each["folder"], inside.store)
            shutil.copytree(site.store / "blobs", inside.store / "blobs")
            rebuilt = inside.run("catalog", "rebuild", expect=OK).document
            assert rebuilt["versions"] > 0
            assert (rebuilt["missing"], rebuilt["damaged"]) == ([], [])


def test_a_folder_of_somebody_elses_is_left_alone(tmp_path: Path) -> None:
    with Simulator() as sim:
        site = make_site(tmp_path / "site", sim)
        mine = tmp_path / "mine"
        mine.mkdir()
        (mine / "letter.txt").write_text("dear")
        before = digests(mine)
        refused = backup(site, mine, expect=USAGE)
        assert "not empty" in refused["message"]
        assert digests(mine) == before
        for within in (site.store / "b", site.tree / "b"):
            backup(site, within, expect=USAGE)
            assert not within.exists()
        backup(site, mine / "letter.txt", expect=USAGE)


def test_without_a_store_there_is_no_backup(tmp_path: Path) -> None:
    with Simulator() as sim:
        site = Site(tmp_path / "site", sim, modules=[M])
        backup(site, tmp_path / "backups", expect=STORE)
        assert not (tmp_path / "backups").exists()


@pytest.mark.slow
@pytest.mark.sampled
def test_killed_at_any_step_older_backups_stay_and_the_next_is_whole(
    tmp_path: Path,
) -> None:
    with Simulator() as sim, Stepper() as stepper:
        site = make_site(tmp_path, sim)
        start = tmp_path / "start"
        folder = tmp_path / "home" / "backups"
        backup(site, folder)
        old = digests(whole(folder)[0])
        shutil.copytree(folder, start)

        def run(kill_at: int | None = None) -> Any:
            shutil.rmtree(folder)
            shutil.copytree(start, folder)
            how = ("backup", str(folder), "--keep", "1")
            return stepper.run(site, *how, kill_at=kill_at)

        steps = run().steps
        assert len(whole(folder)) == 1
        for number in chosen(steps, KILLS):
            assert run(kill_at=number).code == -signal.SIGKILL
            left = whole(folder)
            assert left
            if len(left) == 1 and left[0].name == next(start.glob("2*")).name:
                assert digests(left[0]) == old
            backup(site, folder, "--keep", "1")
            assert len(whole(folder)) == 1


def restore(site: Site, made: Path) -> subprocess.CompletedProcess[str]:
    """Do what docs/operations.md says, line by line, in the site's folder."""
    text = OPERATIONS.read_text()
    [block] = re.findall(r"```sh\n(B=/backups.*?)```", text, re.DOTALL)
    first, rest = block.split("\n", 1)
    assert first.startswith("B=/backups")
    command = site.folder / "tmp" / "gosync"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m gosync "$@"\n')
    command.chmod(0o755)
    environment = site.environment
    environment["PATH"] = f"{command.parent}:{environment['PATH']}"
    done = subprocess.run(
        ["sh", "-c", f"B={made}; S={site.store}\n{rest}"],
        cwd=site.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    command.unlink()
    return done


@pytest.fixture
def aged(tmp_path: Path) -> Any:
    """A site, yesterday's backup of it, and what came and went since."""
    with Simulator() as sim:
        site = make_site(tmp_path / "site", sim)
        backup(site, tmp_path / "backups")
        [made] = whole(tmp_path / "backups")
        offer(sim, M, "v1.1.0", "v1.2.0")
        offer(sim, PRIVATE, "v1.1.0")
        site.sync("--refresh")
        site.run("withdraw", f"{M}@v1.2.0", "--reason", "worm", expect=OK)
        yield site, sim, made


def check_nothing_lost(site: Site, sim: Simulator, listed: set[str]) -> None:
    assert site.listed() == listed
    assert [each["reason"] for each in site.status()["withdrawn"]] == ["worm"]
    site.check(sim)
    show = site.run("show", f"{PRIVATE}@v1.1.0", expect=OK).document
    assert show["pin"] is not None


def test_yesterdays_catalog_beside_todays_journal_loses_nothing(aged: Any) -> None:
    site, sim, made = aged
    listed, blobs = site.listed(), files_below(site.store / "blobs")
    journal = site.journal()
    for lost in site.store.glob("catalog.sqlite*"):
        lost.unlink()
    mark = sim.mark()
    done = restore(site, made)
    assert done.returncode == OK, f"{done.stdout}\n{done.stderr}"
    assert site.journal().startswith(journal), "today's journal stays"
    assert not [path for path in sim.paths(since=mark) if path.endswith(".zip")]
    check_nothing_lost(site, sim, listed)
    site.run("prune", "--grace-days", "0", expect=OK)
    assert files_below(site.store / "blobs") == blobs
    check_nothing_lost(site, sim, listed)


@pytest.mark.parametrize("away", [False, True])
def test_where_the_journal_is_lost_as_well_the_tree_has_what_came_since(
    aged: Any, away: bool
) -> None:
    site, sim, made = aged
    listed, carried = site.listed(), site.carried()
    for lost in site.store.glob("catalog.sqlite*"):
        lost.unlink()
    shutil.rmtree(site.store / "journal")
    mark = sim.mark()
    if away:
        sim.fail("*", status=503)
    done = restore(site, made)
    assert (site.listed(), site.carried()) == (listed, carried)
    if away:
        assert done.returncode == STORE, "only the tree vouches for what is private"
        assert "gosync adopt --trust-tree" in done.stderr
        site.run("adopt", "--trust-tree", expect=OK)
        assert (site.listed(), site.carried()) == (listed, carried)
        assert not [path for path in sim.paths(since=mark) if path.endswith(".zip")]
    else:
        assert done.returncode == OK, done.stderr
        zips = [path for path in sim.paths(since=mark) if path.endswith(".zip")]
        assert zips == [f"/{PRIVATE}/@v/v1.1.0.zip"], "it must serve what the tree has"
    sim.clear()
    site.sync("--retry")
    check_nothing_lost(site, sim, listed)
    site.run("prune", "--grace-days", "0", expect=OK)
    check_nothing_lost(site, sim, listed)
