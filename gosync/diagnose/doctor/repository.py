"""The stage git: a repository that ``go`` asks directly, and git's own settings.

Where the repository is, a path's form says (``github.com/OWNER/NAME``,
``HOST/X.git/Y``) or the page ``https://PATH?go-get=1`` does. Then ``git ls-remote``
asks it as go does, without a terminal to ask for a password.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from gosync.diagnose.doctor.diagnosis import Severity, StageFinding, fault
from gosync.diagnose.doctor.gitsettings import Git, is_proxy_at_fault, judge_settings
from gosync.diagnose.doctor.gosettings import GoSettings
from gosync.diagnose.doctor.saying import say
from gosync.diagnose.doctor.stagelog import StageDraft, StageLog
from gosync.diagnose.doctor.ways import is_covered
from gosync.diagnose.doctor.web import Web
from gosync.gomod.patterns import match_prefix_patterns
from gosync.upstream.urls import strip_user_info

_PAGE_LIMIT: Final = 1 << 20
_OWNER_AND_NAME: Final = re.compile(r"(?:github\.com|bitbucket\.org)/[^/]+/[^/]+")
_WITH_SUFFIX: Final = re.compile(r"(.+?\.(?:git|hg|svn|bzr|fossil))(?:/|$)")
_META: Final = re.compile(rb"<meta\s[^>]*>", re.IGNORECASE)
_CONTENT: Final = re.compile(rb"content\s*=\s*[\"']([^\"']*)", re.IGNORECASE)
# What git says, and the class it amounts to; the first that is found counts.
_SAID: Final = (
    (r"^ssh: |publickey|Host key verification", "vcs.ssh"),
    (r"could not read (?:User|Pass)|Authentication failed|HTTP Basic", "vcs.auth"),
    (
        r"Could not resolve|Failed to connect|timed out|refused|unreach",
        "vcs.unreachable",
    ),
    (r"certificate|SSL", "tls.unknown_authority"),
    (r"not found|does not exist|not appear to be a git", "vcs.not_found"),
)
_REMEDIES: Final = {
    "vcs.ssh": "ssh -T git@HOST shows why; a key, known_hosts, or an https URL by"
    " url.*.insteadOf",
    "vcs.auth": "give git a credential helper or ~/.netrc; a private repository answers"
    " so to who has no right, too",
    "vcs.unreachable": "this machine reaches the host not at all: ask a mirror instead"
    " (GOPROXY), or open a way",
    "vcs.git_proxy": "git config --show-origin --get-all http.proxy shows who set it;"
    " correct it, or git config --global --unset http.proxy",
    "vcs.failed": "run the line above by hand: git says more on a terminal",
    "vcs.not_found": "check the path; who has no right to a repository hears the same",
    "tls.unknown_authority": "http.sslCAInfo names the authority for git",
}


class RepositoryPlace(msgspec.Struct, frozen=True):
    """Where a module's repository is.

    Attributes:
        vcs: Like ``git``.
        url: The repository.
        root: The path of the module at its root.
    """

    vcs: str
    url: str
    root: str


def ask_repository(
    settings: GoSettings, path: str, web: Web, log: StageLog
) -> RepositoryPlace:
    """Find a module's repository and ask it.

    Raises:
        FaultFoundError: ``go`` cannot get the module from it.
    """
    place = find_place(path, web, log)
    with log.stage("git", curl=f"git ls-remote -q {place.url}") as stage:
        stage.saw(f"{place.vcs} {place.url}")
        may_use(settings, path, place.vcs)
        if place.vcs == "git":
            _ask_git(place, settings.environment, stage)
    return place


def find_place(path: str, web: Web, log: StageLog) -> RepositoryPlace:
    """Return where a module's repository is.

    Raises:
        FaultFoundError: Nobody tells.
    """
    return known_place(path) or _discover(path, web, log)


def known_place(path: str) -> RepositoryPlace | None:
    """Return the repository that a path's form tells, None if it does not."""
    found = _OWNER_AND_NAME.match(path)
    if found:
        return RepositoryPlace("git", f"https://{found[0]}", found[0])
    found = _WITH_SUFFIX.match(path)
    if found:
        vcs = found[1].rpartition(".")[2]
        return RepositoryPlace(vcs, f"https://{found[1]}", found[1])
    return None


def _discover(path: str, web: Web, log: StageLog) -> RepositoryPlace:
    url = f"https://{path}?go-get=1"
    web.open(url, log)
    with log.stage("http", curl=f"curl -sSL '{url}'") as stage:
        answer = web.get(url, limit_bytes=_PAGE_LIMIT)
        stage.saw(f"{answer.status} {answer.content_type}")
        for prefix, vcs, repository in go_imports(answer.body):
            if path == prefix or path.startswith(f"{prefix}/"):
                return RepositoryPlace(vcs, repository, prefix)
        raise fault(
            "vcs.unrecognized_import_path",
            say(
                "{url}: {status}, and no go-import meta tag for {path}",
                url=url,
                status=answer.status,
                path=path,
            ),
            "check the path; or let a proxy answer for it: GOPROXY, GONOPROXY=none",
        )


def go_imports(page: bytes) -> Iterator[tuple[str, str, str]]:
    """Yield the go-import meta tags of a page: prefix, system, repository."""
    for tag in _META.findall(page):
        content = _CONTENT.search(tag)
        words = content[1].decode("utf-8", "replace").split() if content else []
        if b"go-import" in tag and len(words) == 3:
            yield words[0], words[1], words[2]


def may_use(settings: GoSettings, path: str, vcs: str) -> None:
    """Hold GOVCS against a system, as ``go help vcs`` says.

    Raises:
        FaultFoundError: GOVCS forbids it.
    """
    private = is_covered(settings, "GOPRIVATE", path)
    rules = f"{settings['GOVCS']},private:all,public:git|hg"
    for rule in filter(None, (each.strip() for each in rules.split(","))):
        pattern, _, systems = rule.rpartition(":")
        is_kind = pattern == ("private" if private else "public")
        if is_kind or match_prefix_patterns(pattern, path):
            allowed = systems.split("|")
            if vcs in allowed or "all" in allowed:
                return
            raise fault(
                "env.govcs",
                say(
                    "GOVCS allows {systems} for {path}, not {vcs}",
                    systems=systems,
                    path=path,
                    vcs=vcs,
                ),
                say(
                    "go env -w GOVCS={host}:{vcs}",
                    host=path.split("/", maxsplit=1)[0],
                    vcs=vcs,
                ),
            )


def _ask_git(
    place: RepositoryPlace, environment: Mapping[str, str], stage: StageDraft
) -> None:
    program = shutil.which("git", path=environment.get("PATH", ""))
    if program is None:
        raise fault(
            "vcs.git_missing",
            "git is not on PATH, and go asks this repository with it",
            "install git; or let a proxy answer: GOPROXY=https://MIRROR",
        )
    git = Git(program, environment)
    url = git.asked_url(place.url)
    judge_settings(git, url, stage)
    code, said = git.run("ls-remote", "-q", place.url, "HEAD")
    if code == 0:
        return
    cause = _cause_of(said, git.proxy(url))
    last = strip_user_info(said.strip().splitlines()[-1] if said.strip() else "")
    raise fault(
        cause,
        say("git ls-remote {url}: {last}", url=place.url, last=last),
        _REMEDIES[cause],
    )


def _cause_of(said: str, proxy: str) -> str:
    found = (each for text, each in _SAID if re.search(text, said, re.MULTILINE))
    cause = next(found, "vcs.failed")
    away = cause in {"vcs.unreachable", "vcs.failed", "vcs.auth"}
    return "vcs.git_proxy" if away and is_proxy_at_fault(proxy, said) else cause


def bypass_note(path: str, proxies: str, setting: str) -> StageFinding:
    """Return what explains a failure to get a module that no proxy is asked for."""
    return StageFinding(
        cause="env.goprivate_direct",
        text=say(
            "{setting} covers {path}, so go asks its repository and no "
            "proxy of {proxies}",
            setting=setting,
            path=path,
            proxies=proxies,
        ),
        remedy="if your mirror carries it: go env -w GONOPROXY=none (GOPRIVATE stays)",
        severity=Severity.NOTE,
        explains=("vcs.", "network.", "tls.", "proxy.", "http."),
    )
