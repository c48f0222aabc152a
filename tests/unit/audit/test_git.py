"""Real git, asked for tags over real TLS; and what must never reach it."""

from __future__ import annotations

import os
import stat
import subprocess
import time

import pytest

from gosync.audit.git import parse_tags, tag_commits
from gosync.audit.origins import repository_of
from gosync.errors import UnavailableError, UpstreamTimeoutError
from gosync.gomod.info import Origin
from tests.simulator.repositories import SLOW_SECONDS, Repositories

COMMIT = "0123456789" * 4
HOSTS = frozenset({"git.example", "git.example:8443"})


@pytest.fixture(scope="module")
def repositories(tmp_path_factory):
    with Repositories(tmp_path_factory.mktemp("git")) as made:
        yield made


@pytest.fixture
def bare(tmp_path):
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path], check=True)
    return tmp_path


async def test_each_tag_s_commit_is_found_annotated_or_not(repositories):
    commits = [
        repositories.tag("v1.0.0"),
        repositories.tag("v1.1.0", "-a", "-m", "annotated"),
    ]
    found = await tag_commits(
        repositories.url, seconds=20, ca_file=str(repositories.ca_file)
    )
    assert found == dict(
        zip(["refs/tags/v1.0.0", "refs/tags/v1.1.0"], commits, strict=True)
    )


async def test_an_unknown_authority_is_not_trusted(repositories):
    with pytest.raises(UnavailableError, match="certificate"):
        await tag_commits(repositories.url, seconds=20)


async def test_a_redirect_is_not_followed(repositories):
    with pytest.raises(UnavailableError):
        await tag_commits(
            f"{repositories.root}/elsewhere.git",
            seconds=20,
            ca_file=str(repositories.ca_file),
        )
    assert not repositories.asked[-1].startswith("/repo.git")


async def test_what_hangs_is_ended_with_all_its_children(repositories):
    start = time.monotonic()
    with pytest.raises(UpstreamTimeoutError):
        await tag_commits(
            f"{repositories.root}/slow.git",
            seconds=0.3,
            ca_file=str(repositories.ca_file),
        )
    assert time.monotonic() - start < SLOW_SECONDS


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c touch% {marker}",
        "file://{folder}",
        "{folder}",
        "git://127.0.0.1/repo.git",
        "http://127.0.0.1/repo.git",
        "--upload-pack=touch {marker}",
    ],
)
async def test_git_itself_refuses_other_protocols_and_options(bare, tmp_path, url):
    marker = tmp_path / "marker"
    hostile = url.format(marker=marker, folder=bare)
    with pytest.raises(UnavailableError):
        await tag_commits(hostile, seconds=20)
    assert not marker.exists()


async def test_no_configuration_of_ours_is_read(tmp_path, monkeypatch):
    with Repositories(tmp_path) as only:
        await check_no_configuration_is_read(only, tmp_path, monkeypatch)


async def check_no_configuration_is_read(only, tmp_path, monkeypatch):
    commit = only.tag("v0.1.0")
    marker = tmp_path / "marker"
    helper = tmp_path / "helper"
    helper.write_text(f"#!/bin/sh\ntouch {marker}\n")
    helper.chmod(helper.stat().st_mode | stat.S_IXUSR)
    (tmp_path / ".gitconfig").write_text(
        f"[core]\n sshCommand = {helper}\n askPass = {helper}\n"
        f'[credential]\n helper = {helper}\n[url "file:///"]\n insteadOf = https://\n'
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / ".gitconfig"))
    monkeypatch.setenv("GIT_SSH_COMMAND", str(helper))
    monkeypatch.setenv("GIT_ASKPASS", str(helper))
    monkeypatch.setenv("GIT_EXEC_PATH", str(tmp_path))
    found = await tag_commits(only.url, seconds=20, ca_file=str(only.ca_file))
    assert found == {"refs/tags/v0.1.0": commit}
    assert not marker.exists()


async def test_without_git_the_error_says_what_to_do(monkeypatch):
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(UnavailableError) as caught:
        await tag_commits("https://git.example/a", seconds=5)
    assert "git_hosts" in str(caught.value.hint)


def test_a_line_that_is_no_tag_is_left_out():
    text = f"{COMMIT}\tHEAD\n{COMMIT}\trefs/tags/v1\nx\trefs/tags/v2\n\n{COMMIT}\t\n"
    assert parse_tags(text) == {"refs/tags/v1": COMMIT}


def origin(url="https://git.example/a/b", ref="refs/tags/v1.0.0", **more):
    return Origin(**{"vcs": "git", "url": url, "ref": ref, "hash": COMMIT} | more)


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example/a/b",
        "https://git.example:8443/a/b.git",
        "ssh://git@git.example/a/b",
    ],
)
def test_allowed_repositories(url):
    found = repository_of(origin(url), HOSTS)
    assert found is not None
    assert found.url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://git.example/a",
        "git://git.example/a",
        "file:///etc",
        "ext::sh -c id",
        "-oProxyCommand=id",
        "--upload-pack=id",
        "https://-oProxyCommand=id/a",
        "https://other.example/a",
        "https://git.example.other.example/a",
        "https://git.example:443/a",
        "https://git.example@other.example/a",
        "https://other.example@git.example/a",
        "https://git@git.example/a",
        "ssh://root@git.example/a",
        "ssh://git@git.example/-a",
        "https://git.example/../a",
        "https://git.example/a/../../b",
        "https://git.example/a?x=y",
        "https://git.example/a#b",
        "https://git.example/a b",
        "https://git.example/a\n",
        "https://git.example/a\0",
        "https://git.example/a/%2e%2e/b",
        "HTTPS://git.example/a",
        "https://GIT.example/a",
        "https://git.example",
        f"https://git.example/{'a/' * 600}a",
    ],
)
def test_hostile_repositories(url):
    assert repository_of(origin(url), HOSTS) is None


@pytest.mark.parametrize(
    "other",
    [
        {"vcs": "hg"},
        {"ref": "refs/heads/main"},
        {"ref": ""},
        {"ref": "refs/tags/"},
        {"ref": "refs/tags/--x"},
        {"ref": "refs/tags/../x"},
        {"hash": "HEAD"},
        {"hash": ""},
    ],
)
def test_only_tags_with_a_commit_are_asked_for(other):
    assert repository_of(origin(**other), HOSTS) is None


def test_without_an_origin_nobody_is_asked():
    assert repository_of(None, HOSTS) is None
