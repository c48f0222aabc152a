"""Private modules on demand: lists, versions, branches and commits come from git."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.integration.inprocess import InProcessSite
from tests.integration.pulling import pulling_site
from tests.integration.repositories import commit, run_git
from tests.integration.serving import Serving
from tests.integration.site import MISSING, OK, SECURITY, Site
from tests.integration.test_private import lose_zip
from tests.simulator import Simulator
from tests.simulator.githosts import https_host, ssh_host
from tests.simulator.standard import module

HOST = "corp.example"
LIB, PUBLIC = f"{HOST}/team/lib", "open.example/m"


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as sim:
        sim.publish(module(PUBLIC, "v1.0.0"))
        yield sim


@pytest.fixture
def lib(tmp_path: Path) -> Path:
    folder = tmp_path / "git" / "team" / "lib.git"
    files = {"go.mod": f"module {LIB}\n\ngo 1.21\n", "lib.go": "package lib\n"}
    commit(folder, files, "v1.0.0", "not-a-version", "v1.2")
    commit(folder, {"more.go": "package lib\n"}, "v1.1.0")
    return folder


def _declare(site: Site, git: Path) -> None:
    url = f"{git.as_uri()}/{{path}}.git"
    site.declare(private=[{"pattern": f"{HOST}/*", "git": url}])


@pytest.fixture
def site(sim: Simulator, lib: Path, tmp_path: Path) -> InProcessSite:
    site = InProcessSite(tmp_path / "site", sim, modules=[PUBLIC, LIB])
    _declare(site, lib.parent.parent)
    return site


def test_a_sync_brings_the_tags_and_every_new_one(
    sim: Simulator, site: InProcessSite, lib: Path
):
    site.sync(expect=OK)
    listed = {f"{PUBLIC}@v1.0.0", f"{LIB}@v1.0.0", f"{LIB}@v1.1.0"}
    assert set(site.carried()) == listed

    commit(lib, {"new.go": "package lib\n"}, "v1.2.0")
    site.sync(expect=OK)
    assert set(site.carried()) == {*listed, f"{LIB}@v1.2.0"}
    shown = site.run("show", f"{LIB}@v1.2.0", expect=OK).document
    assert shown["proof"] == "pinned"
    for command in ("plan", "audit", "status", "verify"):
        site.run(command, expect=OK)
    assert [each for each in sim.requests if HOST in str(each)] == []
    site.run("verify", expect=OK)


def test_a_tag_that_was_moved_is_refused(site: InProcessSite, lib: Path):
    site.sync(expect=OK)
    commit(lib, {"lib.go": "package lib // other\n"})
    run_git(lib, "tag", "-f", "v1.1.0")
    lose_zip(site, site.run("show", f"{LIB}@v1.1.0", expect=OK).document["zip_digest"])

    failed = site.sync("--retry", expect=SECURITY).failed
    assert failed[f"{LIB}@v1.1.0"]["error"] == "ChecksumMismatchError"
    assert f"{LIB}@v1.1.0" not in site.carried()
    assert f"{LIB}@v1.0.0" in site.carried()


def test_a_repository_that_is_away_fails_alone(site: InProcessSite, lib: Path):
    hidden = lib.rename(lib.with_name("hidden.git"))
    failed = site.sync(expect=MISSING).failed
    assert list(failed) == [LIB]
    assert f"{PUBLIC}@v1.0.0" in site.carried()

    hidden.rename(lib)
    site.sync(expect=OK)
    assert f"{LIB}@v1.1.0" in site.carried()


@pytest.mark.long
def test_over_https_gits_own_settings_let_it_in(
    site: InProcessSite, lib: Path, tmp_path: Path
):
    with https_host(lib.parent.parent, tmp_path) as host:
        site.declare(
            private=[{"pattern": f"{HOST}/*", "git": f"{host.url}/{{path}}.git"}]
        )
        failed = site.sync(expect=MISSING).failed
        assert "certificate" in str(failed[LIB])
        site.variables.update(host.environment)
        site.sync(expect=OK)
    assert {f"{LIB}@v1.0.0", f"{LIB}@v1.1.0"} <= set(site.carried())


@pytest.mark.long
def test_over_ssh_a_host_with_another_key_is_refused(
    site: InProcessSite, lib: Path, tmp_path: Path
):
    with ssh_host(lib.parent.parent, tmp_path) as host:
        url = f"{host.url}/{{path}}.git"
        site.declare(private=[{"pattern": f"{HOST}/*", "git": url}])
        command = host.environment["GIT_SSH_COMMAND"]
        forgets = command.replace(str(tmp_path / "known"), str(tmp_path / "none"))
        site.variables["GIT_SSH_COMMAND"] = forgets
        failed = site.sync(expect=MISSING).failed
        assert "Host key verification failed" in str(failed[LIB])
        site.variables["GIT_SSH_COMMAND"] = command
        site.sync(expect=OK)
    assert {f"{LIB}@v1.0.0", f"{LIB}@v1.1.0"} <= set(site.carried())


def test_a_miss_of_the_server_is_brought_from_git_alone(
    sim: Simulator, lib: Path, tmp_path: Path
):
    site = pulling_site(tmp_path / "site", sim, workers=1)
    _declare(site, lib.parent.parent)
    head = commit(lib, {"x.go": "package lib\n"}, branch="feature")
    with Serving(site.folder, environment=site.environment) as server:

        def get(path: str) -> str:
            with urlopen(f"{server.url}/{path}") as answer:
                return str(answer.read().decode("latin-1"))

        assert get(f"{LIB}/@v/list").split() == ["v1.0.0", "v1.1.0"]
        assert '"v1.1.0"' in get(f"{LIB}/@latest")
        version = f"v1.1.1-0.20260102030405-{head[:12]}"
        assert version in get(f"{LIB}/@v/feature.info")
        assert version in get(f"{LIB}/@v/{head[:7]}.info")
        assert get(f"{LIB}/@v/{version}.zip")[:2] == "PK"
        with pytest.raises(OSError, match="404"):
            get(f"{HOST}/team/@v/list")
    asked = [each for each in sim.requests if HOST in str(each)]
    assert asked == []
    site.run("verify", expect=OK)


@pytest.mark.parametrize(
    "url",
    [
        "http://git.corp/{path}",
        "ext::sh -c touch% /tmp/x",
        "--upload-pack=x",
        "https://name:hunter2@git.corp/{path}",
        "https://git.corp/{host}",
        "git://git.corp/{path}",
    ],
)
def test_other_transports_and_credentials_are_refused(
    sim: Simulator, tmp_path: Path, url: str
):
    site = InProcessSite(tmp_path / "site", sim, modules=[PUBLIC])
    site.declare(private=[{"pattern": HOST, "git": url}])
    refused = site.run("config", "check")
    assert refused.code == 2
    assert "private" in refused.stderr + refused.stdout
    assert "hunter2" not in refused.stderr + refused.stdout
