"""The vulnerability database read from golang.org/x/vulndb: here before it rules."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gosync.config.load import load_config
from gosync.demo.exchange import RequestKind
from gosync.demo.modules import ModuleSource
from gosync.errors import UnavailableError
from gosync.osv.files import DATABASE_MODULE, entry_file
from gosync.site.applying import denied_of
from gosync.site.site import open_site
from tests.integration.site import MISSING, OK, STANDS_OPEN, UNAVAILABLE, USAGE, Site
from tests.integration.siteconfig import Section
from tests.integration.steps import Stepper, chosen
from tests.integration.test_policy import CHAIN, DEEP, LIB, MID, Work, only
from tests.simulator import Simulator
from tests.unit.vulndb.entries import FIRST, entry, fixed

ONE, TWO = "GO-2024-0001", "GO-2024-0002"
OLD = "v0.0.0-20240101000000-aaaaaaaaaaaa"
NEW = "v0.0.0-20240301000000-bbbbbbbbbbbb"
REFUSE: dict[str, object] = {"vulnerabilities.fixed": "refuse"}


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Work]:
    with Simulator() as sim:
        made = Work(tmp_path, sim)
        publish(sim, OLD, entry(ONE, FIRST, fixed("1.1.0"), module=DEEP))
        made.site.declare(vulndb={"source": "module"}, policy=REFUSE)
        yield made


def publish(sim: Simulator, version: str, *entries: bytes) -> None:
    """Publish a version of the database's module."""
    files = {f"data/osv/{json.loads(e)['id']}.json": e for e in entries}
    files["go.mod"] = f"module {DATABASE_MODULE}\n".encode()
    at = datetime(2024, 1 if version == OLD else 3, 1, tzinfo=UTC)
    sim.publish(ModuleSource(DATABASE_MODULE, version, files, at))


def denied(work: Work, *command: str) -> dict[str, Any]:
    """Run a command that keeps one version out; return which."""
    found = work.site.run(*command, expect=OK).document["policy"]["denied"]
    return only(found)


def has_zip(work: Work, path: str, version: str = "v1.0.0") -> bool:
    return (work.site.tree / path / f"@v/{version}.zip").exists()


def test_the_first_sync_of_a_new_site_brings_it_and_rules_by_it(work: Work) -> None:
    found = denied(work, "sync")
    assert (found["path"], found["chain"]) == (DEEP, CHAIN)
    assert f"it has {ONE}" in found["reason"]
    asked = work.sim.paths(RequestKind.ZIP)
    assert DATABASE_MODULE in asked[0], "before anything that is ruled on"
    assert work.zips_asked() == 0
    assert [has_zip(work, each) for each in (LIB, MID, DEEP)] == [True, True, False]
    assert has_zip(work, DATABASE_MODULE, OLD)
    assert (work.site.tree / "vulndb" / entry_file(ONE)).exists()
    work.site.check(work.sim)
    why = work.site.run("why", f"{DATABASE_MODULE}@{OLD}", expect=OK).document
    assert only(why["claims"])["who"] == "vulndb.source"
    mark = work.sim.mark()
    assert denied(work, "sync")["path"] == DEEP
    asked = work.sim.paths(since=mark)
    assert [each.rpartition("/")[2] for each in asked] == ["@latest"], "once a pass"


def test_a_plan_of_a_new_site_knows_it_and_a_sync_follows_that_plan(work: Work) -> None:
    plan = str(work.site.folder / "plan.json")
    assert denied(work, "plan", "--fetch", "--out", plan)["path"] == DEEP
    publish(work.sim, NEW, entry(ONE, FIRST, fixed("1.1.0"), module=LIB))
    assert denied(work, "sync", "--plan", plan)["path"] == DEEP


@pytest.mark.parametrize("named", [f"{DATABASE_MODULE}@latest", f"{DEEP}@v1.0.0"])
def test_what_a_command_names_on_a_new_site_is_ruled_on(work: Work, named: str) -> None:
    work.site.run("sync", named, expect=OK)
    assert has_zip(work, DATABASE_MODULE, OLD) == (DATABASE_MODULE in named)
    assert not has_zip(work, DEEP)
    assert work.zips_asked() == 0
    assert denied(work, "sync")["path"] == DEEP


def test_a_later_pass_refreshes_it(work: Work) -> None:
    denied(work, "sync")
    publish(work.sim, NEW, entry(TWO, FIRST, fixed("1.1.0"), module=MID))
    assert denied(work, "sync", "--refresh")["path"] == MID
    assert [has_zip(work, each) for each in (LIB, MID, DEEP)] == [True, False, True]
    publish(work.sim, "v0.0.0-20240401000000-cccccccccccc", entry(ONE, module=LIB))
    updated = work.site.run("vulns", "--update", expect=STANDS_OPEN).document
    assert updated["changed"]["forgotten"] == 1


def test_while_it_cannot_be_had_nothing_comes_in_and_what_is_known_holds(
    work: Work,
) -> None:
    with work.sim.fail(f"/{DATABASE_MODULE}/@v/*.zip", status=503):
        told = work.site.run("sync", expect=UNAVAILABLE).stderr
        assert (DATABASE_MODULE in told, "503" in told) == (True, True)
        assert not work.site.tree.exists()
    assert denied(work, "sync")["path"] == DEEP
    publish(work.sim, NEW, entry(TWO, FIRST, fixed("1.1.0"), module=MID))
    with work.sim.fail(f"/{DATABASE_MODULE}/@v/*.zip", status=503):
        found = work.site.run("sync", "--refresh", expect=MISSING).document
        assert only(found["policy"]["denied"])["path"] == DEEP
    assert denied(work, "sync", "--retry")["path"] == MID


def test_one_that_the_checksum_database_contradicts_lets_nothing_in(
    work: Work,
) -> None:
    with work.sim.swap_bytes(f"/{DATABASE_MODULE}/@v/*.zip"):
        ended = work.site.run("sync")
    assert ended.code not in {OK, USAGE}
    assert DATABASE_MODULE in ended.stderr
    assert not work.site.tree.exists()


def test_a_select_that_names_it_says_which_version(work: Work) -> None:
    publish(work.sim, NEW, entry(TWO, FIRST, fixed("1.1.0"), module=MID))
    work.site.declare(select=[{"modules": [f"{DATABASE_MODULE}@{OLD}"]}])
    assert denied(work, "sync")["path"] == DEEP
    assert not has_zip(work, DATABASE_MODULE, NEW)


def test_the_rules_let_it_in_unless_it_was_denied_by_a_decision(work: Work) -> None:
    rules: Section = {**REFUSE, "licences.allow": ["MIT"], "deny": ["golang.org/*"]}
    work.site.declare(policy=rules)
    found = work.site.run("sync", expect=OK).document["policy"]["denied"]
    assert DATABASE_MODULE not in {each["path"] for each in found}
    assert has_zip(work, DATABASE_MODULE, OLD)
    why = work.site.run("why", f"{DATABASE_MODULE}@{OLD}", expect=OK).document
    assert why["ruling"]["effect"] == "excepted"
    says = ("--reason", "not here")
    work.site.run("policy", "deny", DATABASE_MODULE, *says, expect=OK)
    failed = work.site.run("sync", expect=MISSING).document["failed"]
    assert [each["kind"] for each in failed] == ["vulndb"]


@pytest.mark.slow
def test_killed_at_a_durable_step_the_next_sync_rules_by_it(
    work: Work, tmp_path: Path
) -> None:
    fresh = tmp_path / "fresh"
    site = Site(tmp_path / "killed", work.sim)
    site.declare(
        project=[{"path": str(work.project)}],
        vulndb={"source": "module"},
        policy=REFUSE,
    )
    shutil.copytree(site.folder, fresh)
    with Stepper() as stepper:
        whole = stepper.run(site, "sync")
        for number in chosen(whole.steps, 12, each=3):
            shutil.rmtree(site.folder)
            shutil.copytree(fresh, site.folder)
            stepper.run(site, "sync", kill_at=number)
            assert not (site.tree / DEEP / "@v/v1.0.0.zip").exists(), number
            found = site.run("sync", expect=OK).document["policy"]["denied"]
            assert only(found)["path"] == DEEP, number
            assert (site.tree / "vulndb" / entry_file(ONE)).exists(), number
            site.run("verify", expect=OK)


def test_without_it_a_server_has_no_answer_yet(work: Work) -> None:
    options = load_config(work.site.config_file, {}).site_options()
    with open_site(options, command="test") as site:
        assert denied_of(site, DATABASE_MODULE, [OLD]) == {}, "it comes first"
        with pytest.raises(UnavailableError, match="no vulnerability database"):
            denied_of(site, DEEP, ["v1.0.0"])
