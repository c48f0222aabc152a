"""Nothing is there: a first run, or a disk that is not mounted?"""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.integration import forked
from tests.integration.inprocess import InProcessSite
from tests.integration.site import OK, STORE, USAGE, Site
from tests.simulator import Simulator
from tests.simulator.standard import UPPER, module

_MEMORY = Path("/dev/shm")


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as sim:
        sim.publish(module(UPPER, "v1.0.0"))
        yield sim


@pytest.fixture
def other_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system than the site's."""
    for place in (_MEMORY, Path("/tmp"), Path.cwd()):
        if os.access(place, os.W_OK) and place.stat().st_dev != tmp_path.stat().st_dev:
            with tempfile.TemporaryDirectory(dir=place) as name:
                yield Path(name)
            return
    pytest.skip("there is one file system alone")


def _begun(folder: Path, sim: Simulator) -> Site:
    """Return a site that `gosync init` began, with a configuration of its own."""
    site = Site(folder, sim, modules=[UPPER])
    site.config_file.unlink()
    site.run("init", expect=OK)
    site.select([UPPER])
    return site


def _record(site: Site) -> dict[str, object]:
    document: dict[str, object] = json.loads(
        (site.folder / ".gosync.json").read_bytes()
    )
    return document


def test_init_writes_what_it_is_told_and_asks_nobody(tmp_path: Path, sim: Simulator):
    site = _empty(tmp_path / "site", sim)
    way = f"{sim.verifier_key} {sim.url}/sumdb/{sim.verifier_key.split('+')[0]}"
    told = ("--proxies", f"{sim.url}|https://b.example", "--index", "", "--sumdb", way)
    assert site.run("init", *told, expect=OK).document["probed"] is False
    assert sim.requests == []
    upstream = tomllib.loads(site.config_file.read_text())["upstream"]
    assert (upstream["index"], upstream["sumdb"]) == ("", way)
    assert upstream["proxies"] == f"{sim.url}|https://b.example"
    site.config_file.unlink()
    site.run("init", "--proxies", "nonsense", expect=USAGE)
    assert not site.config_file.exists()


def test_init_probes_and_says_what_is_lost_without_an_index(
    tmp_path: Path, sim: Simulator
):
    sim.publish(module("golang.org/x/text", "v0.1.0"))
    dead = "http://127.0.0.1:9"
    name = sim.verifier_key.split("+")[0]
    told = ("--proxies", f"{dead}|{sim.url}", "--sumdb", sim.verifier_key)

    def probe(index: str) -> tuple[dict[str, str], str]:
        site = _empty(tmp_path / index.rpartition("/")[2], sim)
        command = site.command("init", "--probe", *told, "--index", index)[3:]
        code, out, _ = forked.run(
            [each for each in command if each != "--json"],
            folder=site.folder,
            environment=site.environment,
            timeout_seconds=60,
        )
        assert code == OK
        return tomllib.loads(site.config_file.read_text())["upstream"], out

    upstream, said = probe(f"{sim.url}/index")
    assert upstream["proxies"] == sim.url, "what answered"
    assert upstream["index"] == f"{sim.url}/index"
    assert f"answered: {sim.url}\n" in said
    assert f"{name} is relayed by {sim.url}" in said
    assert "patterns" not in said
    upstream, said = probe("http://127.0.0.1:9/none")
    assert "did not answer: patterns like example.com/* cannot be selected" in said


def test_a_terminal_is_asked_before_anybody_else_is(
    tmp_path: Path, sim: Simulator, monkeypatch: pytest.MonkeyPatch
):
    asked: list[str] = []

    def answer(question: str, **_: object) -> bool:
        asked.append(question)
        return False

    monkeypatch.setattr("gosync.cli.init.is_terminal", lambda: True)
    monkeypatch.setattr("click.confirm", answer)
    monkeypatch.setattr("click.prompt", lambda _, default, **__: default)
    site = InProcessSite(tmp_path / "site", sim, modules=[UPPER])
    site.config_file.unlink()
    assert site.run("init", expect=OK).document["probed"] is False
    assert len(asked) == 1
    assert "public mirrors" in asked[0]
    site.config_file.unlink()
    site.run("init", "--no-probe", expect=OK)
    assert len(asked) == 1


def _on_a_terminal(folder: Path, *answers: str) -> tuple[str, dict[str, Any]]:
    """Run ``init`` in a folder on a terminal; return what was shown, and the file."""
    command = [sys.executable, "-m", "gosync", "init", str(folder), "--no-progress"]
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder
    ) as process:
        os.close(theirs)
        os.write(ours, "".join(f"{each}\n" for each in answers).encode())
        shown = b""
        with suppress(OSError):  # it has ended
            while piece := os.read(ours, 65536):
                shown += piece
        assert process.wait() == OK
    os.close(ours)
    return shown.decode(), tomllib.loads((folder / "gosync.toml").read_text())


def test_a_terminal_is_asked_for_side_project_and_tree(tmp_path: Path):
    (tmp_path / "go.mod").write_text("module app.example\n")
    shown, found = _on_a_terminal(tmp_path, "", "y", "./shown", "n")
    assert "outside, inside" in shown
    assert found["project"] == [{"path": ".", "deps": "build"}]
    assert "select" not in found
    assert found["publish"]["tree"] == "./shown"
    assert found["upstream"]["sumdb"] == "sum.golang.org"


def test_a_terminal_inside_is_not_asked_for_projects_or_mirrors(tmp_path: Path):
    (tmp_path / "go.mod").write_text("module app.example\n")
    shown, found = _on_a_terminal(tmp_path, "inside", "")
    assert "gosync bundle import" in shown
    assert found["upstream"]["proxies"] == "off"
    assert found["bundle"]["trust"] == "./trust.toml"
    assert found["store"]["path"] == "./var"
    assert found["publish"]["tree"] == "./public"


def test_each_answer_has_a_flag(tmp_path: Path, sim: Simulator):
    site = _empty(tmp_path / "site", sim)
    (tmp_path / "app").mkdir()
    app = str(tmp_path / "app")
    site.run("init", "--outside", "--project", app, "--tree", "out", expect=OK)
    found = tomllib.loads(site.config_file.read_text())
    assert found["project"] == [{"path": app, "deps": "build"}]
    assert found["publish"]["tree"] == "out"
    site.run("config", "check")
    site.config_file.unlink()
    site.run("init", "--inside", "--project", app, expect=USAGE)
    site.run("init", "--inside", "--index", "", expect=USAGE)
    site.run("init", "--tree", 'a"b', expect=USAGE)
    assert not site.config_file.exists()
    site.run("init", "--inside", "--tree", "out", expect=OK)
    found = tomllib.loads(site.config_file.read_text())
    assert (found["publish"]["tree"], "select" in found) == ("out", False)


def _empty(folder: Path, sim: Simulator) -> Site:
    site = Site(folder, sim, modules=[UPPER])
    site.config_file.unlink()
    return site


def test_after_init_a_first_run_needs_no_flag(tmp_path: Path, sim: Simulator):
    site = _begun(tmp_path / "site", sim)
    assert _record(site) == {"format": 1, "places": {}}
    site.sync()
    places = _record(site)["places"]
    assert isinstance(places, dict)
    assert places.keys() == {str(site.store), str(site.tree)}
    shutil.rmtree(site.store)
    shutil.rmtree(site.tree)
    site.sync()  # both were on this file system, and it is there: they were removed


def test_a_configuration_by_hand_needs_no_flag_and_gets_no_file(
    tmp_path: Path, sim: Simulator
):
    site = Site(tmp_path / "site", sim, modules=[UPPER])
    site.sync()
    site.check_folder()


def test_where_a_store_was_on_another_disk_none_is_begun_without_it(
    tmp_path: Path, sim: Simulator, other_disk: Path
):
    site = _begun(tmp_path / "site", sim)
    mount = tmp_path / "mnt"
    mount.symlink_to(other_disk)  # as a mount point: another file system below it
    site.declare(
        store={"path": str(mount / "var"), "min_free": "1MiB"},
        publish={"tree": str(mount / "public")},
    )
    refused = site.run("sync", expect=STORE)
    assert refused.document["error"] == "StoreAwayError"
    assert "--new-store" in refused.document["hint"]
    assert list(other_disk.iterdir()) == []
    site.sync("--new-store")
    site.sync()
    mount.unlink()
    mount.mkdir()
    for command in (("sync",), ("publish",), ("run", "--once", "sync"), ("status",)):
        site.run(*command, expect=STORE)
        assert list(mount.iterdir()) == []
    mount.rmdir()
    mount.symlink_to(other_disk)
    site.sync()


def test_a_record_that_cannot_be_written_or_read_fails_nothing(
    tmp_path: Path, sim: Simulator
):
    site = _begun(tmp_path / "site", sim)
    (site.folder / ".gosync.json").write_bytes(b"\xff{")
    site.sync()
    (site.folder / ".gosync.json").unlink()
    (site.folder / ".gosync.json").mkdir()
    site.sync()
