"""Repositories that are hostile, slow, large, or were left by a kill."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from gosync.errors import (
    GosyncError,
    NotFoundError,
    TooLargeError,
    UnavailableError,
    UpstreamTimeoutError,
)
from gosync.git.command import DEFAULT_LIMITS, GitLimits, git
from gosync.git.module import parse_template
from gosync.git.repository import GitRepository
from gosync.git.revisions import ModuleRevisions
from tests.integration.repositories import commit, run_git

PATH = "corp.example/m"


@pytest.fixture
def made(tmp_path: Path) -> Path:
    folder = tmp_path / "git" / "m"
    commit(folder, {"go.mod": f"module {PATH}\n", "a.go": "package m\n"}, "v1.0.0")
    return folder


def _repository(
    made: Path, kept: Path, limits: GitLimits = DEFAULT_LIMITS
) -> GitRepository:
    return GitRepository(made.as_uri(), kept, limits)


def _revisions(made: Path, kept: Path) -> ModuleRevisions:
    module = parse_template(PATH, f"{made.parent.as_uri()}/{{path}}", None)
    return ModuleRevisions(module, _repository(made, kept))


@pytest.mark.parametrize(
    "query",
    [
        *("--upload-pack=touch", "-x", "HEAD", "HEAD~1", "main^", "@", "..", "a:b"),
        *("refs", "$(touch x)", "v9.9.9", "deadbeef", "v1.0.1-0.20200101000000-abc"),
    ],
)
def test_a_name_that_is_no_revision_is_not_found(
    made: Path, tmp_path: Path, query: str
):
    before = {each.name for each in tmp_path.iterdir()}
    with pytest.raises(NotFoundError):
        _revisions(made, tmp_path / "kept").find(query)
    assert {each.name for each in tmp_path.iterdir()} <= {*before, "kept"}


@pytest.mark.parametrize(
    "url", ["ext::sh -c true", "--upload-pack=true", "http://x.y/"]
)
def test_other_transports_are_not_spoken(tmp_path: Path, url: str):
    with pytest.raises(GosyncError):
        GitRepository(url, tmp_path / "kept").refs()


def test_a_pack_that_is_too_large_is_refused(made: Path, tmp_path: Path):
    noise = os.urandom(600_000).hex()
    commit(made, {"big.txt": noise}, "v1.1.0")
    small = _repository(made, tmp_path / "kept", GitLimits(60, 200_000))
    with pytest.raises(TooLargeError):
        small.fetch("refs/tags/v1.1.0")
    # What it left is thrown away, and a larger limit is enough.
    _repository(made, tmp_path / "kept").fetch("refs/tags/v1.1.0")


@pytest.mark.long
def test_a_repository_that_hangs_is_ended_with_all_that_it_began(tmp_path: Path):
    pid = tmp_path / "pid"
    slow = tmp_path / "ssh"
    slow.write_text(f"#!/bin/sh\necho $$ > {pid}\nexec sleep 60\n")
    slow.chmod(0o755)
    os.environ["GIT_SSH_COMMAND"] = str(slow)
    try:
        with pytest.raises(UpstreamTimeoutError):
            GitRepository("ssh://h/x", tmp_path / "kept", GitLimits(5)).refs()
    finally:
        del os.environ["GIT_SSH_COMMAND"]
    number = int(pid.read_text())
    for _ in range(100):
        if not Path(f"/proc/{number}/cmdline").exists() or not (
            Path(f"/proc/{number}/cmdline").read_bytes()
        ):
            return
        time.sleep(0.05)
    pytest.fail("it still runs")


def test_hooks_filters_and_links_of_a_repository_do_nothing(made: Path, tmp_path: Path):
    mark = tmp_path / "mark"
    commit(made, {".gitattributes": "*.go filter=evil export-ignore ident\n"}, "v1.1.0")
    (made / "link.go").symlink_to("/etc/passwd")
    run_git(made, "add", "-A")
    run_git(made, "commit", "-q", "-m", "link")
    run_git(made, "tag", "v1.2.0")
    config = tmp_path / "config"
    config.write_text(
        f'[filter "evil"]\n\tsmudge = touch {mark}\n\trequired = true\n'
        f"[core]\n\thooksPath = {tmp_path}\n[safe]\n\tdirectory = *\n"
    )
    os.environ["GIT_CONFIG_GLOBAL"] = str(config)
    try:
        revisions = _revisions(made, tmp_path / "kept")
        with revisions.source(revisions.find("v1.2.0")) as source:
            names = {each.name: each for each in source.files}
            assert names["a.go"].read() == b"package m\n"
            assert not names["link.go"].is_regular
    finally:
        del os.environ["GIT_CONFIG_GLOBAL"]
    assert not mark.exists()


def test_what_a_killed_fetch_left_is_thrown_away(made: Path, tmp_path: Path):
    kept = tmp_path / "kept"
    first = _repository(made, kept)
    first.fetch("refs/tags/v1.0.0")
    (kept / "tags.changing").touch()
    (kept / "tags" / "HEAD").unlink()
    (kept / "tags" / "shallow.lock").touch()
    again = _repository(made, kept)
    assert again.time(again.fetch("refs/tags/v1.0.0")).year == 2026
    assert not (kept / "tags.changing").exists()


def test_a_false_pseudo_version_is_not_found(made: Path, tmp_path: Path):
    head = commit(made, {"b.go": "package m\n"})[:12]
    revisions = _revisions(made, tmp_path / "kept")
    for true in ("v1.0.1-0.20260102030405", "v0.0.0-20260102030405"):
        assert revisions.find(f"{true}-{head}").version == f"{true}-{head}"
    for false in ("v1.0.1-0.20260102030406", "v1.2.1-0.20260102030405"):
        with pytest.raises(NotFoundError):
            revisions.find(f"{false}-{head}")


def test_a_go_mod_of_another_module_is_refused(made: Path, tmp_path: Path):
    commit(made, {"go.mod": "module corp.example/other\n"}, "v1.3.0")
    with pytest.raises(GosyncError, match="the module is corp"):
        _revisions(made, tmp_path / "kept").find("v1.3.0")


def test_no_repository_is_told_from_one_that_is_away(tmp_path: Path):
    with pytest.raises(NotFoundError):
        GitRepository((tmp_path / "none").as_uri(), tmp_path / "kept").refs()
    with pytest.raises(UnavailableError):
        GitRepository("https://127.0.0.1:1/x", tmp_path / "kept").refs()


def test_git_says_what_is_wrong(tmp_path: Path):
    with pytest.raises(UnavailableError, match=r"git no-such-verb: .*not a git"):
        git(tmp_path, "no-such-verb")
