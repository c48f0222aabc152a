"""``gosync release``: private modules from a folder or a tag, into store and tree."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.integration.inprocess import InProcessSite
from tests.integration.site import MISSING, OK, UNAVAILABLE, USAGE
from tests.integration.siteconfig import Section
from tests.simulator import Simulator
from tests.simulator.githosts import GitHost, https_host, ssh_host
from tests.simulator.goclient import GoClient, need_go
from tests.simulator.standard import module

Serve: TypeAlias = Callable[[Path, Path], AbstractContextManager[GitHost]]
PUBLIC, PRIVATE = "open.example/m", "corp.example/lib"
VERSION = f"{PRIVATE}@v1.0.0"


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator() as sim:
        sim.publish(module(PUBLIC, "v1.0.0"))
        yield sim


@pytest.fixture
def site(sim: Simulator, tmp_path: Path) -> InProcessSite:
    upstream = {"private": ["corp.example/*"]}
    site = InProcessSite(tmp_path, sim, modules=[PUBLIC], upstream=upstream)
    site.sync(expect=OK)
    return site


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "lib"
    folder.mkdir()
    (folder / "go.mod").write_text(f"module {PRIVATE}\n\ngo 1.21\n")
    (folder / "lib.go").write_text("package lib\n")
    return folder


def _git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=n", "-c", "user.email=n@corp.example")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True)


def _commit(folder: Path, tag: str) -> None:
    _git(folder, "init", "-q")
    _git(folder, "add", "-A")
    _git(folder, "commit", "-q", "-m", tag)
    _git(folder, "tag", tag)


def test_a_client_builds_with_what_was_released(
    sim: Simulator, site: InProcessSite, folder: Path, tmp_path: Path
):
    mark = sim.mark()
    released = site.run("release", str(folder), "--as", VERSION, expect=OK).document
    assert sim.requests_since(mark) == []
    assert released["is_new"] is True
    assert released["files"] == 2
    assert VERSION in site.carried()

    env = {"GONOSUMDB": "corp.example"}
    with GoClient(
        tmp_path / "go",
        goproxy=site.tree.as_uri(),
        gosumdb=sim.gosumdb,
        go=need_go(),
        env=env,
    ) as go:
        said = go.run("mod", "download", "-json", VERSION)
    assert released["zip_h1"] in said
    site.sync(expect=OK)
    assert VERSION in site.carried()


def test_what_is_out_never_changes(site: InProcessSite, folder: Path):
    first = site.run("release", str(folder), "--as", VERSION, expect=OK).document
    again = site.run("release", str(folder), "--as", VERSION, expect=OK).document
    assert (again["is_new"], again["zip_h1"]) == (False, first["zip_h1"])

    (folder / "lib.go").write_text("package lib // changed\n")
    refused = site.run("release", str(folder), "--as", VERSION, expect=USAGE)
    assert "never changes" in refused.stderr
    assert site.run("show", VERSION, expect=OK).document["zip_h1"] == first["zip_h1"]


def test_a_tag_is_released_with_its_commit(site: InProcessSite, folder: Path):
    _commit(folder, "v1.0.0")
    (folder / "later.go").write_text("package lib\n")
    released = site.run(
        "release", f"{folder.as_uri()}@v1.0.0", "--as", VERSION, expect=OK
    ).document
    assert released["files"] == 2
    assert len(released["commit"]) == 40
    row = site.run("show", VERSION, expect=OK).document
    assert row["commit_hash"] == released["commit"]


@pytest.mark.long
@pytest.mark.parametrize("serve", [https_host, ssh_host])
def test_a_tag_is_fetched_over_https_and_ssh(
    site: InProcessSite, folder: Path, tmp_path: Path, serve: Serve
):
    _commit(folder, "v1.0.0")
    from_folder = site.run("release", str(folder), "--as", VERSION, expect=OK).document
    hosted = tmp_path / "host"
    hosted.mkdir()
    with serve(tmp_path, hosted) as host:
        source = f"{host.url}/lib@v1.0.0"  # ssh:// has another "@" in it
        site.run("release", source, "--as", VERSION, expect=UNAVAILABLE)
        site.variables.update(host.environment)
        released = site.run("release", source, "--as", VERSION, expect=OK).document
    assert released["zip_h1"] == from_folder["zip_h1"]
    assert not released["is_new"]
    assert len(released["commit"]) == 40


def test_gits_variable_names_the_authority_of_an_https_host(
    site: InProcessSite, folder: Path, tmp_path: Path
):
    _commit(folder, "v1.0.0")
    with https_host(tmp_path, tmp_path) as host:
        source = f"{host.url}/lib@v1.0.0"
        config = Path(host.environment["GIT_CONFIG_GLOBAL"])
        lines = config.read_text().splitlines()
        (authority,) = [e.partition(" = ")[2] for e in lines if "sslCAInfo" in e]
        config.write_text("\n".join(e for e in lines if "sslCAInfo" not in e))
        site.variables.update(host.environment)
        site.run("release", source, "--as", VERSION, expect=UNAVAILABLE)
        site.variables["GIT_SSL_CAINFO"] = authority
        site.run("release", source, "--as", VERSION, expect=OK)


@pytest.mark.parametrize("kind", ["untracked", "ignored", "modified"])
def test_files_that_no_commit_has_are_refused(
    site: InProcessSite, folder: Path, kind: str
):
    (folder / ".gitignore").write_text("*.log\n")
    _commit(folder, "v1.0.0")
    name = {"untracked": "new.go", "ignored": "a.log", "modified": "lib.go"}[kind]
    (folder / name).write_text("package lib // other\n")
    refused = site.run("release", str(folder), "--as", VERSION, expect=USAGE)
    assert f"{name} ({kind})" in refused.stderr
    site.run("release", str(folder), "--as", VERSION, "--allow-dirty", expect=OK)


def test_names_that_do_not_fit_are_refused(site: InProcessSite, folder: Path):
    def release(wanted: str, *, expect: int, source: str = str(folder)) -> str:
        return site.run("release", source, "--as", wanted, expect=expect).stderr

    assert "upstream.private" in release(f"{PUBLIC}@v1.2.0", expect=USAGE)
    assert "the module is to be" in release("corp.example/x@v1.0.0", expect=MISSING)
    release(f"{PRIVATE}@v2.0.0", expect=USAGE)
    release(f"{PRIVATE}@v1", expect=USAGE)
    for source in ("git://corp.example/x", "http://corp.example/x", "ext::true x"):
        said = release(VERSION, expect=USAGE, source=f"{source}@v1.0.0")
        assert f"{source.partition(':')[0]}: its transport is not" in said
    release(VERSION, expect=USAGE, source="--upload-pack=x@v1.0.0")
    assert VERSION not in site.carried()


@pytest.mark.parametrize("rule", ["deny", "require_signature", "decision"])
def test_what_is_kept_out_names_what_lets_it_in(
    site: InProcessSite, folder: Path, tmp_path: Path, rule: str
):
    made = site.run("key", "new", "k", "--dir", str(tmp_path), expect=OK).document
    key = made["secret_file"]
    policy: dict[str, Section] = {
        "deny": {"deny": [PRIVATE]},
        "require_signature": {
            "require_signature.patterns": [PRIVATE],
            "require_signature.keys": [f"{key}.pub"],
        },
    }
    decision = ""
    if rule == "decision":
        why = ("--reason", "it leaks", "--by", "an officer")
        decided = site.run("policy", "deny", VERSION, *why, expect=OK).document
        decision = decided["decision"]["id"]
    else:
        site.declare(policy=policy[rule])
    release = ("release", str(folder), "--as", VERSION)
    kept_out = site.run(*release, expect=MISSING)
    assert kept_out.document["rule"].rpartition(".")[2] == rule
    assert not kept_out.document["published"]
    said = site.people(*release)
    until = ("--reason", "TEXT", "--until", "DAY")
    advised, last = {
        "deny": (("policy", "allow", VERSION, *until), "2099-01-01"),
        "require_signature": (("attest", "sign", VERSION, "--key", "FILE"), key),
        "decision": (("policy", "undo", "ID"), decision),
    }[rule]
    assert " ".join(("gosync", *advised)) in said
    site.run(*advised[:-1], last, expect=OK)
    site.run("publish", expect=OK)
    assert VERSION in site.carried()


def test_a_withdrawn_version_stays_away(site: InProcessSite, folder: Path):
    site.run("release", str(folder), "--as", VERSION, expect=OK)
    site.run("withdraw", VERSION, "--reason", "leaks", expect=OK)
    refused = site.run("release", str(folder), "--as", VERSION)
    assert refused.code not in {OK, 1}
    assert "leaks" in refused.stderr
