"""``gosync doctor`` as one runs it: exit codes, the document, reports and evidence."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from gosync.demo.exchange import HttpAnswer, HttpRequest
from gosync.demo.modules import ModuleSource
from gosync.gomod.module import ModuleVersion
from tests.simulator.goclient import need_go
from tests.simulator.standard import NO_GO_MOD, PRIVATE
from tests.unit.diagnose.doctor.scene import SUBJECT, Scene, scene_in
from tests.unit.diagnose.doctor.worlds import WORLDS


@pytest.fixture
def scene(tmp_path):
    with scene_in(tmp_path) as made:
        yield made


def _doctor(
    scene: Scene, *words: str, env: dict[str, str], cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    home = scene.folder / "home"
    home.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "gosync", "doctor", *words],
        env={"PATH": os.environ["PATH"], "HOME": str(home), "GOENV": "off", **env},
        cwd=cwd or scene.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_healthy_module(scene: Scene) -> None:
    done = _doctor(scene, SUBJECT, "--json", env=scene.env())

    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["conclusion"] == {"class": "healthy", "remedy": ""}
    for stage in document["stages"]:
        assert sorted(stage) == ["findings", "name", "ok", "seconds"]
        assert stage["ok"]
        assert stage["findings"] == []
    names = [each["name"] for each in document["stages"]]
    assert names[:3] == ["environment", "dns", "tcp"]
    assert names[-2:] == ["h1", "caches"]


def test_one_conclusion_comes_first(scene: Scene) -> None:
    scene.sim.fail("*", status=403)

    done = _doctor(scene, SUBJECT, "--curl", env=scene.env())

    lines = done.stdout.splitlines()
    assert done.returncode == 4
    assert lines[0].startswith("http.403: ")
    assert lines[1].startswith("  next: ")
    assert lines[2] == "  more: gosync explain http.403"
    assert any(line.startswith("stage ") for line in lines)
    assert f"curl -sSiL --max-redirs 10 {scene.sim.url}/" in done.stdout


@pytest.mark.long
def test_it_is_said_in_chinese(scene: Scene) -> None:
    scene.sim.fail("*", status=403)
    done = _doctor(scene, SUBJECT, env=scene.env(LANG="zh_CN.UTF-8"))
    lines = done.stdout.splitlines()
    assert lines[0].startswith("http.403: ")
    assert lines[1].startswith("  下一步: ")
    assert "阶段" in done.stdout

    told = _doctor(scene, SUBJECT, "--lang", "zh", "--json", env=scene.env())
    document = json.loads(told.stdout)
    assert document["conclusion"]["class"] == "http.403"
    assert document["conclusion"]["remedy"] in lines[1]


def test_a_report_for_a_colleague_has_no_secret(scene: Scene) -> None:
    file = scene.folder / "report.txt"
    env = scene.env(
        GONOSUMDB="corp.example", HTTPS_PROXY="http://ann:hunter2@127.0.0.1:9"
    )

    done = _doctor(scene, f"{PRIVATE}@v1.0.0", "--report", str(file), env=env)

    assert done.returncode == 0, done.stdout
    text = file.read_text()
    assert "hunter2" not in text
    assert "corp.example" not in text
    assert str(scene.folder / "home") not in text
    assert "private.invalid" in text


def test_evidence_of_a_certificate(scene: Scene) -> None:
    asked = WORLDS["unknown authority"][1](scene)

    done = _doctor(scene, SUBJECT, "--evidence", "kept", env=asked.env)

    assert done.returncode == 6
    (folder,) = (scene.folder / "kept").iterdir()
    (chain,) = folder.glob("chain-*.pem")
    assert chain.read_text().startswith("-----BEGIN CERTIFICATE-----")
    assert stat.S_IMODE(chain.stat().st_mode) == 0o600
    stages = json.loads((folder / "report.json").read_text())["stages"]
    assert stages[-1]["name"] == "tls"


def test_evidence_of_a_portal(scene: Scene) -> None:
    asked = WORLDS["portal"][1](scene)

    done = _doctor(scene, SUBJECT, "--evidence", "kept", env=asked.env)

    assert done.returncode == 4
    (folder,) = (scene.folder / "kept").iterdir()
    assert b"Welcome" in (folder / "answer-1.body").read_bytes()
    assert "redirected from" in (folder / "answer-1.head").read_text()


@pytest.mark.parametrize(
    ("other_is_right", "kind"),
    [
        (True, "changed on the way"),
        pytest.param(False, "rewritten tag", marks=pytest.mark.long),
        pytest.param(None, "unknown", marks=pytest.mark.long),
    ],
)
def test_a_rewritten_tag_and_a_change_on_the_way_are_told_apart(
    other_is_right, kind, scene: Scene, tmp_path: Path
) -> None:
    scene.sim.rewrite(ModuleVersion(NO_GO_MOD, "v1.2.3"), {"new.go": b"package new\n"})
    (tmp_path / "other").mkdir()
    with scene_in(tmp_path / "other") as other:
        if other_is_right is False:
            other.sim.rewrite(
                ModuleVersion(NO_GO_MOD, "v1.2.3"), {"new.go": b"package new\n"}
            )
        ask = () if other_is_right is None else ("--ask", other.sim.url)
        env = scene.env()
        done = _doctor(scene, SUBJECT, *ask, "--evidence", "kept", env=env)

    assert done.returncode == 6
    (folder,) = (scene.folder / "kept").iterdir()
    (altered,) = json.loads((folder / "altered.json").read_text())
    assert altered["kind"] == kind
    assert altered["came"]["zip"] != altered["proven"]["zip"]


_IN_GIT = "github.com/corp/lib"


def _repository(folder: Path, files: Mapping[str, bytes], tag: str) -> Path:
    """Make a repository with one tag; return git's settings that lead there."""
    repository = folder / "there" / _IN_GIT.removeprefix("github.com/")
    for name, data in files.items():
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_bytes(data)
    settings = folder / "gitconfig"
    settings.write_text(
        "[user]\n name = a\n email = a@b.example\n"
        f'[url "file://{folder / "there"}/"]\n insteadOf = https://github.com/\n'
    )
    env = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": str(settings)}
    for words in ("init -q", "add .", "commit -q -m one", f"tag {tag}"):
        subprocess.run(["git", *words.split()], cwd=repository, env=env, check=True)
    return settings


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("proven", "changed on the way"),
        pytest.param("came", "rewritten tag", marks=pytest.mark.long),
        pytest.param("other", "unknown", marks=pytest.mark.long),
        pytest.param("not direct", "unknown", marks=pytest.mark.long),
        pytest.param("forbidden", "unknown", marks=pytest.mark.long),
    ],
)
def test_the_repository_itself_tells_a_moved_tag_from_a_change_on_the_way(
    what, kind, scene: Scene, tmp_path: Path
) -> None:
    proven = {"go.mod": f"module {_IN_GIT}\n".encode(), "a.go": b"package lib\n"}
    came = {**proven, "a.go": b"package lib\n\nvar Evil = 1\n"}
    held = {"came": came, "other": {**proven, "b.go": b"package lib\n"}}
    mv = ModuleVersion(_IN_GIT, "v1.0.0")
    scene.sim.publish(ModuleSource(mv.path, mv.version, dict(proven)))
    scene.sim.rewrite(mv, came)
    settings = _repository(tmp_path, held.get(what, proven), mv.version)
    ways = scene.sim.url if what == "not direct" else f"{scene.sim.url},direct"
    env = scene.env(GOPROXY=ways, GIT_CONFIG_GLOBAL=str(settings))
    if what == "forbidden":
        env["GOVCS"] = "*:off"

    done = _doctor(scene, str(mv), "--evidence", "kept", "--json", env=env)

    assert done.returncode == 6, done.stdout
    (folder,) = (scene.folder / "kept").iterdir()
    (altered,) = json.loads((folder / "altered.json").read_text())
    assert altered["kind"] == kind, altered
    was_asked = what not in ("not direct", "forbidden")
    assert bool(altered["repository"]) == was_asked
    if what == "proven":
        assert altered["repository"] == altered["proven"]["zip"]


@pytest.mark.go
@pytest.mark.parametrize("filtered", [False, True])
def test_with_go(filtered, scene: Scene) -> None:
    if filtered:  # a filter that knows go by its name

        def change(request: HttpRequest, answer: HttpAnswer) -> HttpAnswer:
            is_go = request.headers.get("user-agent", "").startswith("Go")
            return HttpAnswer(403) if is_go else answer

        scene.sim.fault("*", change)
    env = scene.env(PATH=f"{need_go().parent}:/usr/bin:/bin", GOTOOLCHAIN="local")

    done = _doctor(scene, SUBJECT, "--with-go", "--json", env=env)

    document = json.loads(done.stdout)
    facts = " ".join(document["details"][-1]["facts"])
    assert document["stages"][-1]["name"] == "go"
    if filtered:
        assert document["conclusion"]["class"] == "http.403"
        assert "200 to doctor" in facts
        assert "403 to Go" in facts
        (status,) = [each for each in document["compared"] if each["trait"] == "status"]
        assert (status["go"], status["doctor"]) == ("403", "200")
    else:
        assert done.returncode == 0, done.stdout
        assert facts == "go mod download: ok"


def test_a_project_without_a_module(scene: Scene) -> None:
    done = _doctor(scene, "--json", env=scene.env())
    assert done.returncode == 4
    assert json.loads(done.stdout)["conclusion"]["class"] == "env.no_gomod"
