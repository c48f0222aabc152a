"""Git repositories in a folder, for tests of private modules."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

_WHO = ("-c", "user.name=n", "-c", "user.email=n@corp.example")
_AT = "2026-01-02T03:04:05Z"


def run_git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, with its own times and names, and return what it says."""
    return subprocess.run(
        ["git", *_WHO, *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
        env={
            "PATH": "/usr/bin:/bin",
            "GIT_AUTHOR_DATE": _AT,
            "GIT_COMMITTER_DATE": _AT,
            "GIT_CONFIG_GLOBAL": "/dev/null",
        },
    ).stdout.strip()


def commit(folder: Path, files: Mapping[str, str], *tags: str, branch: str = "") -> str:
    """Add files to a repository, which is made first, tag the commit and return it."""
    if not (folder / ".git").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        run_git(folder, "init", "-q", "-b", "main")
    if branch:
        run_git(folder, "checkout", "-q", "-B", branch)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    run_git(folder, "add", "-A", "-f")
    run_git(folder, "commit", "-q", "-m", "more")
    for tag in tags:
        run_git(folder, "tag", tag)
    made = run_git(folder, "rev-parse", "HEAD")
    if branch:
        run_git(folder, "checkout", "-q", "main")
    return made
