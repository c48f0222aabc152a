"""Without a module doctor looks at the project where it stands, and at its caches."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gosync.clock import SystemClock
from gosync.demo.modules import ModuleSource
from gosync.diagnose.doctor import localcaches
from gosync.diagnose.doctor.diagnosis import Diagnosis
from gosync.diagnose.doctor.gosettings import make_settings
from gosync.diagnose.doctor.stagelog import StageDraft
from gosync.diagnose.doctor.toolchains import wanted_go
from gosync.diagnose.doctor.walk import DoctorRequest, DoctorRun
from gosync.gomod.module import ModuleVersion
from tests.simulator.evil import EVIL
from tests.simulator.goclient import need_go
from tests.simulator.standard import NO_GO_MOD
from tests.unit.diagnose.doctor.scene import SUBJECT, Asked, Scene
from tests.unit.diagnose.doctor.test_worlds import diagnose, environment_of, scene

__all__ = ["scene"]

_MV = ModuleVersion(NO_GO_MOD, "v1.2.3")
_GO_MOD = f"module here.example/m\n\ngo 1.21\n\nrequire {NO_GO_MOD} v1.2.3\n"


def _sums(scene: Scene, *, zip_h1: str = "", mod_h1: str = "") -> str:
    made = scene.sim.publication(_MV)
    return (
        f"{NO_GO_MOD} v1.2.3 {zip_h1 or made.zip_h1}\n"
        f"{NO_GO_MOD} v1.2.3/go.mod {mod_h1 or made.mod_h1}\n"
    )


def _write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _project(scene: Scene, **env: str) -> Diagnosis:
    asked = Asked(scene.env(**env), subject="")
    return diagnose(scene, asked)[0]


def test_a_healthy_project(scene: Scene) -> None:
    _write(scene.folder, go_mod=_GO_MOD, go_sum=_sums(scene))
    diagnosis = _project(scene)
    assert diagnosis.exit_code == 0
    assert "project" in [each.name for each in diagnosis.stages]


def test_all_further_modules_are_asked_for_shallowly(scene: Scene) -> None:
    names = [str(_MV), "std.example/scale@v1.0.0", "std.example/regret@v1.0.0"]
    known = [ModuleVersion.parse(each) for each in names]
    lines = [f"{each.path} {each.version}" for each in known]
    made = map(scene.sim.publication, known)
    sums = [f"{a}/go.mod {b.mod_h1}\n" for a, b in zip(lines, made, strict=True)]
    gone = "std.example/nosuch v1.0.0"
    required = "".join(f"\t{each}\n" for each in (*lines, gone))
    _write(
        scene.folder,
        go_mod=f"module here.example/m\n\ngo 1.21\n\nrequire (\n{required})\n",
        go_sum="".join([*sums, f"{gone}/go.mod h1:{'A' * 43}=\n"]),
    )

    diagnosis = _project(scene)

    last = diagnosis.stages[-1]
    assert last.name == "modules"
    assert last.facts == ("1 of 2 more are there",)
    assert "std.example/nosuch@v1.0.0" in last.findings[0].text
    assert diagnosis.conclusion.cause == "http.404"
    assert diagnosis.exit_code == 4


def test_of_an_old_project_the_zips_of_go_sum_count(scene: Scene) -> None:
    more = f"std.example/nosuch v1.0.0 h1:{'A' * 43}=\n"
    go_mod = _GO_MOD.replace("go 1.21", "go 1.16")
    _write(scene.folder, go_mod=go_mod, go_sum=_sums(scene) + more)
    diagnosis = _project(scene)
    assert "2 modules required" in str(diagnosis.stages[1].facts)


@pytest.mark.parametrize(
    ("files", "cause"),
    [
        ({"go_sum": "two words\n"}, "sum.malformed_gosum"),
        ({"go_sum": ""}, "sum.missing_gosum"),
        (
            {"go_mod": _GO_MOD + f"\nreplace {NO_GO_MOD} => ./nowhere\n"},
            "module.replace_missing",
        ),
        ({"go_mod": "module here.example/m\nnonsense\n"}, "module.gomod_parse"),
        (
            {"vendor__modules_txt": "# other.example/m v1.0.0\n## explicit\n"},
            "build.vendor",
        ),
    ],
)
def test_what_is_wrong_with_a_project_by_itself(files, cause, scene: Scene) -> None:
    _write(scene.folder, **{"go_mod": _GO_MOD, "go_sum": _sums(scene), **files})
    diagnosis = _project(scene)
    assert diagnosis.conclusion.cause == cause, diagnosis
    assert diagnosis.exit_code == 4


@pytest.mark.parametrize("gosumdb", ["off", ""])
def test_a_go_sum_of_other_bytes(gosumdb, scene: Scene) -> None:
    _write(scene.folder, go_mod=_GO_MOD, go_sum=_sums(scene, zip_h1=f"h1:{'A' * 43}="))
    diagnosis = _project(scene, GOSUMDB=gosumdb or scene.sim.gosumdb)
    assert diagnosis.conclusion.cause == "sum.gosum_mismatch"
    agrees = "the checksum database agrees with what came"
    assert (agrees in diagnosis.conclusion.text) == (not gosumdb)
    assert diagnosis.exit_code == 6


def test_a_go_sum_and_a_database_that_the_mirror_contradicts(scene: Scene) -> None:
    _write(scene.folder, go_mod=_GO_MOD, go_sum=_sums(scene))
    scene.sim.rewrite(ModuleVersion(NO_GO_MOD, "v1.2.3"), {"new.go": b"package new\n"})
    diagnosis = _project(scene)
    assert diagnosis.conclusion.cause == "sum.gosum_vs_sumdb"
    assert diagnosis.exit_code == 6


def test_a_named_module_is_held_against_the_go_sum_of_the_project(scene: Scene) -> None:
    _write(scene.folder, go_mod=_GO_MOD, go_sum=_sums(scene, zip_h1=f"h1:{'A' * 43}="))
    diagnosis, _ = diagnose(scene, Asked(scene.env(GOSUMDB="off")))
    assert diagnosis.conclusion.cause == "sum.gosum_mismatch"


def test_an_excluded_version_is_told(scene: Scene) -> None:
    go_mod = f"module here.example/m\n\ngo 1.21\n\nexclude {NO_GO_MOD} v1.2.3\n"
    _write(scene.folder, go_mod=go_mod)
    diagnosis, _ = diagnose(scene, Asked(scene.env()))
    assert "excludes" in diagnosis.conclusion.text
    assert diagnosis.exit_code == 0


@pytest.mark.parametrize(
    ("env", "go", "wanted"),
    [
        ("auto", "1.99", "1.99"),
        ("auto", "1.20", ""),
        ("local", "1.99", ""),
        ("go1.27.3", "", "1.27.3"),
        ("go1.26.8", "1.99", ""),
        ("go1.26.8+auto", "1.99", "1.99"),
    ],
)
def test_which_go_would_be_downloaded(env, go, wanted) -> None:
    settings = make_settings({"GOTOOLCHAIN": env}, {}, {})
    assert wanted_go(settings, "go1.26.8", go) == wanted


@pytest.mark.go
@pytest.mark.parametrize(
    ("toolchain", "gosumdb", "cause"),
    [
        ("local", "", "toolchain.too_old"),
        ("auto", "", "toolchain.not_available"),
        ("auto", "off", "toolchain.sumdb"),
    ],
)
def test_a_project_of_a_newer_go(toolchain, gosumdb, cause, scene: Scene) -> None:
    go = need_go()
    _write(scene.folder, go_mod="module here.example/m\n\ngo 1.99\n")
    diagnosis = _project(
        scene,
        GOTOOLCHAIN=toolchain,
        GOSUMDB=gosumdb or scene.sim.gosumdb,
        PATH=f"{go.parent}:/usr/bin:/bin",
    )
    assert diagnosis.conclusion.cause == cause
    assert diagnosis.exit_code == 4


@pytest.mark.go
@pytest.mark.parametrize(("toolchain", "code"), [("local", 4), ("auto", 0)])
def test_a_module_of_a_newer_go(toolchain, code, scene: Scene) -> None:
    files = {"go.mod": b"module std.example/future\n\ngo 1.99\n"}
    scene.sim.publish(ModuleSource("std.example/future", "v1.0.0", files))
    env = scene.env(GOTOOLCHAIN=toolchain, PATH=f"{need_go().parent}:/usr/bin:/bin")
    diagnosis, _ = diagnose(scene, Asked(env, subject="std.example/future@v1.0.0"))
    assert diagnosis.conclusion.cause == "toolchain.dep_too_new"
    assert diagnosis.exit_code == code


def test_a_module_that_go_work_does_not_use(scene: Scene) -> None:
    _write(scene.folder, go_work="go 1.21\n\nuse ./a\n", a__go_mod=_GO_MOD)
    inside = scene.folder / "b"
    _write(inside, go_mod="module b.example/b\n\ngo 1.21\n")
    request = DoctorRequest(
        subject="",
        environment=environment_of(scene, Asked(scene.env())),
        folder=inside,
    )
    diagnosis = DoctorRun(request, SystemClock()).diagnose()
    assert diagnosis.conclusion.cause == "work.not_member"


@pytest.mark.parametrize(
    ("go_work", "cause"),
    [
        ("go 1.21\n\nuse ./nowhere\n", "work.missing_dir"),
        ("go 1.20\n\nuse .\n", "work.go_line"),
    ],
)
def test_what_is_wrong_with_a_workspace(go_work, cause, scene: Scene) -> None:
    _write(scene.folder, go_work=go_work, go_mod=_GO_MOD, go_sum=_sums(scene))
    assert _project(scene).conclusion.cause == cause


# The caches.


def _in_cache(scene: Scene, zip_bytes: bytes) -> Path:
    folder = scene.folder / "home/gopath/pkg/mod"
    at = folder / f"cache/download/{NO_GO_MOD}/@v"
    at.mkdir(parents=True)
    (at / "v1.2.3.zip").write_bytes(zip_bytes)
    (at / "v1.2.3.ziphash").write_text(scene.sim.publication(_MV).zip_h1)
    return folder


def test_a_cache_that_holds_the_proven_zip(scene: Scene) -> None:
    _in_cache(scene, scene.sim.publication(_MV).zip)
    diagnosis, _ = diagnose(scene, Asked(scene.env()))
    assert diagnosis.exit_code == 0
    assert f"{SUBJECT} is there" in diagnosis.stages[-1].facts


@pytest.mark.parametrize("harm", ["zip", "extracted"])
def test_a_polluted_cache(harm, scene: Scene) -> None:
    made = scene.sim.publication(_MV).zip
    folder = _in_cache(scene, made[:-1] if harm == "zip" else made)
    if harm == "extracted":
        (folder / SUBJECT).mkdir(parents=True)
        (folder / SUBJECT / "other.go").write_text("package other\n")
    diagnosis, _ = diagnose(scene, Asked(scene.env()))
    assert diagnosis.conclusion.cause == "cache.modified"
    assert diagnosis.exit_code == 6


def test_a_cache_that_is_no_folder(scene: Scene) -> None:
    (scene.folder / "file").write_text("")
    env = scene.env(GOMODCACHE=str(scene.folder / "file"))
    diagnosis, _ = diagnose(scene, Asked(env))
    assert diagnosis.conclusion.cause == "disk.modcache"


def test_no_cache_at_all(scene: Scene) -> None:
    environment = environment_of(scene, Asked(scene.env()))
    for name in ("HOME", "GOPATH"):
        environment.pop(name)
    request = DoctorRequest(
        subject=SUBJECT, environment=environment, folder=scene.folder
    )
    diagnosis = DoctorRun(request, SystemClock()).diagnose()
    assert diagnosis.conclusion.cause == "disk.modcache"


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.statvfs(tmp_path)

    class Full:
        f_bavail, f_frsize, f_files, f_favail = 0, 4096, 1000, 1000
        f_flag = real.f_flag

    monkeypatch.setattr(os, "statvfs", lambda _: Full)
    stage = StageDraft()
    localcaches.look_at_cache(stage, str(tmp_path), 4096)
    assert [each.cause for each in stage.findings] == ["disk.full"]


def test_a_damaged_memory_of_the_database(scene: Scene) -> None:
    folder = scene.folder / "home/gopath/pkg/sumdb" / scene.sim.log.name
    folder.mkdir(parents=True)
    (folder / "latest").write_text("nonsense")
    diagnosis, _ = diagnose(scene, Asked(scene.env()))
    assert diagnosis.exit_code in (4, 6)
    assert diagnosis.conclusion.cause.startswith("sum.")


# Zips that break the rules.


@pytest.mark.parametrize(
    "name", ["bad prefix", "escaped prefix", "duplicate", "newline"]
)
def test_a_zip_that_go_refuses(name, scene: Scene) -> None:
    mv = ModuleVersion("std.example/evil", "v1.0.0")
    scene.sim.publish_evil(mv, EVIL[name](mv))
    diagnosis, _ = diagnose(scene, Asked(scene.env(), subject=str(mv)))
    assert diagnosis.conclusion.cause == "zip.rule"
