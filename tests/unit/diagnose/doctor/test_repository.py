"""Repositories asked directly, by the real git; its settings are told."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from gosync.diagnose.doctor.gitsettings import Git
from gosync.diagnose.doctor.repository import RepositoryPlace, go_imports, known_place
from tests.unit.diagnose.doctor.scene import Asked, Scene, free_port
from tests.unit.diagnose.doctor.test_worlds import diagnose, scene

__all__ = ["scene"]

_LIB = "corp.invalid/team/lib.git"


def _at(vcs: str, root: str) -> RepositoryPlace:
    return RepositoryPlace(vcs, f"https://{root}", root)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("github.com/a/b/v2/sub", _at("git", "github.com/a/b")),
        (f"{_LIB}/sub", _at("git", _LIB)),
        ("corp.example/x.hg", _at("hg", "corp.example/x.hg")),
        ("corp.example/x", None),
    ],
)
def test_where_a_repository_is(path, place):
    assert known_place(path) == place


def test_the_meta_tags_of_a_page():
    page = b"""<html><META name="go-import" content="a.example/x git https://g/x">
    <meta content='a.example mod https://p' name='go-import'><meta name=other>"""
    assert list(go_imports(page)) == [
        ("a.example/x", "git", "https://g/x"),
        ("a.example", "mod", "https://p"),
    ]


def _git(*words: str, cwd: Path) -> None:
    subprocess.run(["git", *words], cwd=cwd, check=True, capture_output=True)


def _instead(url: str, **more: str) -> dict[str, str]:
    """Return settings with which git asks another URL."""
    return {
        "GOPROXY": "direct",
        "GOSUMDB": "off",
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{url}.insteadOf",
        "GIT_CONFIG_VALUE_0": f"https://{_LIB}",
        **more,
    }


@pytest.mark.skipif(shutil.which("git") is None, reason="no git here")
class TestGit:
    def test_a_repository_that_answers(self, scene: Scene) -> None:
        place = scene.folder / "lib"
        place.mkdir()
        _git("init", "-q", cwd=place)
        _git(
            *("-c", "user.name=a", "-c", "user.email=a@a", "commit"),
            *("-q", "--allow-empty", "-m", "begin"),
            cwd=place,
        )
        asked = Asked(_instead(f"file://{place}"), subject=f"{_LIB}@v1.0.0")

        diagnosis, _ = diagnose(scene, asked)

        assert diagnosis.exit_code == 0, diagnosis
        assert any("insteadof" in fact for fact in diagnosis.stages[-1].facts)

    @pytest.mark.parametrize(
        ("url", "cause"),
        [
            ("file:///no/such/repository", "vcs.not_found"),
            ("http://127.0.0.1:{}/lib", "vcs.unreachable"),
            ("ssh://git@127.0.0.1:{}/lib", "vcs.ssh"),
        ],
    )
    def test_what_git_says_has_a_class(self, url, cause, scene: Scene) -> None:
        if url.startswith("ssh:") and shutil.which("ssh") is None:
            pytest.skip("no ssh here")
        asked = Asked(_instead(url.format(free_port())), subject=f"{_LIB}@v1.0.0")
        diagnosis, _ = diagnose(scene, asked)
        assert diagnosis.conclusion.cause == cause, diagnosis

    def test_a_login_that_nobody_types(self, scene: Scene) -> None:
        server = scene.script()
        wants = b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=x\r\n"
        reply = wants + b"Content-Length: 0\r\n\r\n"
        server.script("/lib/info/refs", reply)
        asked = Asked(_instead(f"{server.url}/lib"), subject=f"{_LIB}@v1.0.0")
        diagnosis, _ = diagnose(scene, asked)
        assert diagnosis.conclusion.cause == "vcs.auth", diagnosis

    def test_a_proxy_of_git_alone(self, scene: Scene) -> None:
        settings = _instead("http://lib.invalid/lib")
        port = free_port()
        settings |= {
            "GIT_CONFIG_COUNT": "2",
            "GIT_CONFIG_KEY_1": "http.proxy",
            "GIT_CONFIG_VALUE_1": f"http://127.0.0.1:{port}",
        }
        diagnosis, _ = diagnose(scene, Asked(settings, subject=f"{_LIB}@v1.0.0"))
        assert diagnosis.conclusion.cause == "vcs.git_proxy", diagnosis

    def test_certificates_that_git_does_not_check(self, scene: Scene) -> None:
        settings = _instead(f"https://127.0.0.1:{free_port()}/lib")
        settings |= {
            "GIT_CONFIG_COUNT": "2",
            "GIT_CONFIG_KEY_1": "http.https://127.0.0.1.sslVerify",
            "GIT_CONFIG_VALUE_1": "0",
        }
        git = Git(shutil.which("git") or "", settings)
        assert git.checks_certificates("https://other.example/lib")
        diagnosis, _ = diagnose(
            scene,
            Asked(
                {**settings, "GIT_CONFIG_KEY_1": "http.sslVerify"},
                subject=f"{_LIB}@v1.0.0",
            ),
        )
        found = [each.cause for each in diagnosis.stages[-1].findings]
        assert found == ["vcs.insecure", "vcs.unreachable"], diagnosis
