"""Settings of go: the layers, read by us and by a real go."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from gosync.diagnose.doctor.gosettings import (
    NAMES,
    SettingOrigin,
    make_settings,
    module_cache,
    parse_env_file,
)
from gosync.diagnose.doctor.settingsfiles import find_local_go, load_settings
from tests.simulator.goclient import need_go


def test_a_files_lines():
    text = "# no\nGOPROXY=a\nnot=this\nGOPROXY=b=c\n\nGOFLAGS=\n"
    assert parse_env_file(text) == {"GOPROXY": "b=c", "GOFLAGS": ""}


@pytest.mark.parametrize(
    ("process", "user", "goroot", "value", "origin"),
    [
        ("p", "u", "g", "p", SettingOrigin.PROCESS),
        ("", "u", "g", "u", SettingOrigin.FILE),
        (None, None, "g", "g", SettingOrigin.GOROOT),
        (None, None, None, "sum.golang.org", SettingOrigin.DEFAULT),
    ],
)
def test_the_first_layer_that_has_it_counts(process, user, goroot, value, origin):
    layers = [
        {} if each is None else {"GOSUMDB": each} for each in (process, user, goroot)
    ]

    settings = make_settings(*layers)

    assert settings["GOSUMDB"] == value
    assert settings.layer("GOSUMDB") is origin


def test_goprivate_is_the_default_of_two_others():
    settings = make_settings({"GOPRIVATE": "corp.example", "GONOSUMDB": "x"}, {}, {})
    assert settings["GONOPROXY"] == "corp.example"
    assert settings["GONOSUMDB"] == "x"


def test_what_the_environment_hides():
    settings = make_settings({"GOPROXY": "a"}, {"GOPROXY": "b"}, {})
    assert settings.settings["GOPROXY"].hidden == ((SettingOrigin.FILE, "b"),)


def test_the_module_cache():
    assert module_cache(make_settings({"HOME": "/h"}, {}, {})) == "/h/go/pkg/mod"
    assert module_cache(make_settings({"GOPATH": "/a:/b"}, {}, {})) == "/a/pkg/mod"
    assert module_cache(make_settings({"GOMODCACHE": "/c"}, {}, {})) == "/c"
    assert module_cache(make_settings({}, {}, {})) == ""


@pytest.mark.go
def test_a_real_go_reads_the_same(tmp_path: Path) -> None:
    go = need_go()
    file = tmp_path / "env"
    file.write_text("GOPROXY=https://a.example,direct\nGOPRIVATE=corp.example\n")
    environment = {
        "PATH": f"{go.parent}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "GOENV": str(file),
        "GOSUMDB": "off",
        "GOFLAGS": "",
    }

    settings = load_settings(environment, find_local_go(environment))

    said = json.loads(
        subprocess.run(
            [go, "env", "-json", *NAMES],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            check=True,
        ).stdout
    )
    ours = {name: settings[name] for name in NAMES}
    ours["GOMODCACHE"] = module_cache(settings)
    assert ours == {**said, "GO111MODULE": ours["GO111MODULE"]}
