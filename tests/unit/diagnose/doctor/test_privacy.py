"""Private names: sent nowhere that they must not go; who would send them is told."""

from __future__ import annotations

import pytest

from gosync.diagnose.doctor.environmentstage import privacy
from gosync.diagnose.doctor.gosettings import make_settings
from gosync.diagnose.doctor.ways import (
    leaks,
    may_ask,
    may_look_up,
    near_miss,
    parse_ways,
    ways_of,
)
from tests.simulator.standard import NO_GO_MOD, PRIVATE
from tests.unit.diagnose.doctor.scene import Asked, Scene
from tests.unit.diagnose.doctor.test_worlds import diagnose, scene

__all__ = ["scene"]

_NAME = "corp.example/secret"


def _heard(scene: Scene) -> list[str]:
    return [each.path for each in scene.sim.requests_since(0) if "secret" in each.path]


@pytest.mark.parametrize(
    "settings",
    [
        {"GOPRIVATE": "corp.example"},
        {"GOPRIVATE": "corp.example/*"},
        {"GONOPROXY": "corp.example", "GONOSUMDB": "corp.example"},
        {"GOPRIVATE": "*.example"},
    ],
)
def test_a_private_name_is_sent_to_no_proxy(settings, scene: Scene) -> None:
    asked = Asked(scene.env(**settings), subject=f"{PRIVATE}@v1.0.0")

    diagnosis, run = diagnose(scene, asked)

    assert _heard(scene) == []
    assert not [each for each in run.web.asked if scene.sim.url in each]
    assert diagnosis.conclusion.cause == "env.goprivate_direct"


@pytest.mark.parametrize(
    "settings",
    [
        {"GONOSUMDB": "corp.example"},
        {"GOPRIVATE": "corp.example", "GONOPROXY": "none"},
        {"GOPRIVATE": "corp.example", "GONOPROXY": "a.example"},
    ],
)
def test_a_private_name_is_sent_to_no_database(settings, scene: Scene) -> None:
    asked = Asked(scene.env(**settings), subject=f"{PRIVATE}@v1.0.0")

    diagnosis, _ = diagnose(scene, asked)

    assert not [each for each in _heard(scene) if each.startswith("/sumdb/")]
    assert _heard(scene)  # the mirror carries it, and is to be asked
    assert diagnosis.exit_code == 0


@pytest.mark.parametrize(
    "settings",
    [
        {"GONOSUMDB": "*.corp.example"},
        {"GOPRIVATE": "corp.example", "GONOPROXY": "none", "GONOSUMDB": "none"},
    ],
)
def test_a_name_that_go_would_leak_is_not_sent(settings, scene: Scene) -> None:
    env = scene.env(**settings)
    diagnosis, _ = diagnose(scene, Asked(env, subject=f"{PRIVATE}@v1.0.0"))

    assert _heard(scene) == []
    assert diagnosis.conclusion.cause == "sum.private_leak"
    assert f"the name {PRIVATE}" in diagnosis.conclusion.text
    assert diagnosis.exit_code == 4


@pytest.mark.parametrize(
    ("patterns", "path", "misses"),
    [
        ("*.corp.example", "corp.example/a", True),
        ("corp.example", "git.corp.example/a", True),
        ("https://corp.example", "corp.example/a", True),
        ("corp.example:8443", "corp.example/a", True),
        (" corp.example", "corp.example/a", True),
        ("Corp.Example", "corp.example/a", True),
        ("corp.example", "corp.example/a", False),
        ("github.com/corp/*", "github.com/other/a", False),
        ("github.com/corp", "github.com/corp2/a", False),
        ("corp.example", "notcorp.example/a", False),
        ("*", "corp.example/a", False),
    ],
)
def test_patterns_that_miss_by_little(patterns, path, misses):
    settings = make_settings({"GOPRIVATE": patterns}, {}, {})
    found = near_miss(settings, "GOPRIVATE", path)
    assert (found is not None) is misses


def test_a_name_that_is_almost_private_is_sent_if_one_says_so(scene: Scene) -> None:
    asked = Asked(scene.env(GONOSUMDB=f"*.{NO_GO_MOD.split('/')[0]}"))

    refused, _ = diagnose(scene, asked)
    asked.ask = (scene.sim.log.name,)
    healthy, _ = diagnose(scene, asked)

    assert refused.conclusion.cause == "sum.private_leak"
    assert healthy.exit_code == 0


def test_a_public_proxy_hears_no_private_name_whatever_gonoproxy_says():
    settings = make_settings({"GOPRIVATE": "corp.example", "GONOPROXY": "none"}, {}, {})
    public, inside = parse_ways("https://proxy.golang.org,https://goproxy.corp.example")

    assert not may_ask(settings, public, _NAME)
    assert may_ask(settings, inside, _NAME)
    assert may_ask(settings, public, "github.com/google/uuid")


def test_which_settings_leak_a_name_is_told():
    leaking = {"GOPRIVATE": "corp.example", "GONOPROXY": "none", "GONOSUMDB": "none"}
    settings = make_settings(leaking, {}, {})

    told = " ".join(each.text for each in privacy(settings, _NAME))

    assert f"the name {_NAME} to the checksum database" in told
    assert f"the name {_NAME} to https://proxy.golang.org" in told
    assert leaks(settings, _NAME)
    assert not may_look_up(settings, _NAME)


def test_a_private_name_goes_direct():
    settings = make_settings({"GOPRIVATE": "corp.example"}, {}, {})
    assert [each.shown for each in ways_of(settings, _NAME)] == ["direct"]
    assert not leaks(settings, _NAME)
