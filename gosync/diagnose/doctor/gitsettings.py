"""Git, and its own settings: what it asks in place of a URL, and through what.

``go`` starts git for a repository, and git obeys its own files then: another URL
(``url.*.insteadOf``), a web proxy that go's HTTPS_PROXY says nothing of
(``http.proxy``), certificates that nobody checks (``http.sslVerify=false``).
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from gosync.diagnose.doctor.saying import say
from gosync.diagnose.doctor.stagelog import StageDraft
from gosync.upstream.urls import strip_user_info

_GIT_SECONDS: Final = 30.0
_SETTINGS: Final = re.compile(
    r"url\..*\.insteadof|http\.(?:.*\.)?(?:proxy|sslverify|sslcainfo|extraheader)"
    r"|credential\.(?:.*\.)?helper|core\.sshcommand|protocol\..*",
    re.IGNORECASE,
)
_SECRET_SETTING: Final = re.compile(r"extraheader", re.IGNORECASE)
_OVER_HTTP: Final = ("https://", "http://")


class Git:
    """The user's git, with what ``go`` sets for it."""

    def __init__(self, program: str, environment: Mapping[str, str]) -> None:
        """Take where it is, and the process's environment."""
        self._program = program
        self._environment = environment

    def run(self, *words: str) -> tuple[int, str]:
        """Return a command's exit code, and what it said."""
        quiet = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", **self._environment}
        if not quiet.keys() & {"GIT_SSH", "GIT_SSH_COMMAND"}:
            quiet["GIT_SSH_COMMAND"] = "ssh -o ControlMaster=no -o BatchMode=yes"
        try:
            done = subprocess.run(  # noqa: S603 - the user's own git
                [self._program, *words],
                env=quiet,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_GIT_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as exc:
            return 1, f"timed out: {exc}"
        return done.returncode, done.stdout if done.returncode == 0 else done.stderr

    def settings(self) -> Iterator[str]:
        """Yield the settings that change what it asks, and how."""
        _, listed = self.run("config", "--list", "--show-origin")
        for line in listed.splitlines():
            origin, _, setting = line.partition("\t")
            name, _, value = setting.partition("=")
            if _SETTINGS.fullmatch(name):
                secret = _SECRET_SETTING.search(name)
                shown = "***" if secret else strip_user_info(value)
                yield f"{strip_user_info(name)}={shown} ({origin})"
        for name in ("GIT_SSH_COMMAND", "GIT_SSL_NO_VERIFY", "GIT_PROXY_COMMAND"):
            if self._environment.get(name):
                yield f"{name}={strip_user_info(self._environment[name])}"

    def asked_url(self, url: str) -> str:
        """Return the URL that it asks in place of one."""
        code, said = self.run("ls-remote", "--get-url", url)
        return said.strip() if code == 0 and said.strip() else url

    def proxy(self, url: str) -> str:
        """Return the web proxy that its settings name for a URL, "" for none."""
        if not url.startswith(_OVER_HTTP):
            return ""
        code, said = self.run("config", "--get-urlmatch", "http.proxy", url)
        return said.strip() if code == 0 else ""

    def checks_certificates(self, url: str) -> bool:
        """Return whether it checks who answers for a URL."""
        if not url.startswith("https://"):
            return True
        if "GIT_SSL_NO_VERIFY" in self._environment:
            return False
        words = ("config", "--type=bool", "--get-urlmatch", "http.sslVerify", url)
        code, said = self.run(*words)
        return code != 0 or said.strip() != "false"


def judge_settings(git: Git, url: str, stage: StageDraft) -> None:
    """Note what git's settings change of a repository's URL, and what they risk."""
    for line in git.settings():
        stage.saw(line)
    if not git.checks_certificates(url):
        stage.warn(
            "vcs.insecure",
            say(
                "git checks no certificate of {url}: http.sslVerify is "
                "false, or GIT_SSL_NO_VERIFY is set",
                url=_host(url),
            ),
            "git config --global --unset http.sslVerify; http.sslCAInfo names an own"
            " authority",
        )


def is_proxy_at_fault(proxy: str, said: str) -> bool:
    """Return whether git speaks of its web proxy."""
    host = urlsplit(proxy if "://" in proxy else f"http://{proxy}").hostname or ""
    return bool(proxy) and ("proxy" in said.lower() or bool(host and host in said))


def _host(url: str) -> str:
    return urlsplit(url).hostname or url
