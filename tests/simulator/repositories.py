"""Git repositories behind TLS, as static files that git itself can read.

with Repositories(folder) as repositories:
    repositories.tag("v1.0.0")          a commit and its tag; returns the commit
    repositories.url                    the one repository there is
"""

from __future__ import annotations

import subprocess
import threading
from typing import TYPE_CHECKING, Self

from gosync.demo.exchange import HttpAnswer, HttpRequest, not_found
from gosync.demo.http import Front
from tests.simulator.tls import make_server_context

if TYPE_CHECKING:
    from pathlib import Path

SLOW_SECONDS = 20


class Repositories:
    """One bare repository and its server.

    Attributes:
        asked: The paths that were asked for.
        ca_file: Who vouches for the server.
    """

    def __init__(self, folder: Path) -> None:
        self.asked: list[str] = []
        self._folder = folder
        self._ending = threading.Event()
        self._work = folder / "work"
        context, self.ca_file = make_server_context(folder)
        self._front = Front(self._answer, site="git", tls=context)
        self._git(folder, "init", "--quiet", "work")
        self._git(folder, "init", "--quiet", "--bare", "repo.git")

    def tag(self, name: str, *options: str) -> str:
        """Commit something, tag it, and publish both; return the commit."""
        self._git(self._work, "commit", "--quiet", "--allow-empty", "-m", name)
        self._git(self._work, "tag", "--force", *options, name)
        repository = self._folder / "repo.git"
        self._git(self._work, "push", "--quiet", "--force", str(repository), "--tags")
        self._git(repository, "update-server-info")
        return self._git(self._work, "rev-parse", "HEAD")

    def _git(self, folder: Path, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments],
            cwd=folder,
            capture_output=True,
            check=True,
            text=True,
        )
        return done.stdout.strip()

    def _answer(self, request: HttpRequest) -> HttpAnswer:
        self.asked.append(request.path)
        if request.path.startswith("/elsewhere.git"):
            return HttpAnswer(
                302, headers=(("Location", f"/repo.git{request.path[14:]}"),)
            )
        if request.path.startswith("/slow.git"):
            self._ending.wait(SLOW_SECONDS)
        file = self._folder / request.path[1:]
        return (
            HttpAnswer(200, file.read_bytes()) if file.is_file() else not_found("file")
        )

    @property
    def root(self) -> str:
        """The server's URL; ``elsewhere.git`` redirects and ``slow.git`` is slow."""
        return self._front.url

    @property
    def url(self) -> str:
        """The repository's URL."""
        return f"{self.root}/repo.git"

    def __enter__(self) -> Self:
        self._front.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._front.stop()
