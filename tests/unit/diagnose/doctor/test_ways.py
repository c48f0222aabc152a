"""Ways of GOPROXY: taken in turn, left as go leaves them; files, and large zips."""

from __future__ import annotations

import pytest

from gosync.clock import SystemClock
from gosync.demo.modules import ModuleSource
from gosync.diagnose.doctor.walk import DoctorRequest, DoctorRun
from gosync.diagnose.doctor.ways import WayKind, parse_ways
from tests.simulator.simulator import Simulator
from tests.simulator.static import write_static
from tests.unit.diagnose.doctor.scene import SUBJECT, Asked, Scene, free_port
from tests.unit.diagnose.doctor.test_worlds import diagnose, environment_of, scene
from tests.unit.upstream.scriptserver import answer

__all__ = ["scene"]


def _names(diagnosis) -> list[str]:
    return [each.name for each in diagnosis.stages]


def test_a_list_is_parsed_as_go_does():
    ways = parse_ways(" goproxy.example/x/ ,https://u:p@b.example|direct,c.example")
    assert [each.shown for each in ways] == [
        "https://goproxy.example/x",
        "https://b.example",
        "direct",
    ]
    assert [each.any_error for each in ways] == [False, True, False]
    assert ways[-1].kind is WayKind.DIRECT


def test_after_a_definite_no_the_next_is_asked(scene: Scene) -> None:
    empty = scene.script()
    asked = Asked(scene.env(GOPROXY=f"{empty.url},{scene.sim.url}"))

    diagnosis, _ = diagnose(scene, asked)

    assert diagnosis.exit_code == 0
    assert "2:info" in _names(diagnosis)
    assert diagnosis.conclusion.cause == "healthy"  # what lists are for


@pytest.mark.parametrize(("divider", "code"), [(",", 4), ("|", 0)])
def test_after_any_fault_only_behind_a_bar(divider, code, scene: Scene) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    asked = Asked(scene.env(GOPROXY=f"{nobody}{divider}{scene.sim.url}"))

    diagnosis, _ = diagnose(scene, asked)

    assert diagnosis.exit_code == code
    assert diagnosis.conclusion.cause == "network.refused"


def test_the_other_proxies_are_asked_for_the_same(scene: Scene) -> None:
    empty = scene.script()
    asked = Asked(scene.env(GOPROXY=f"{scene.sim.url},{empty.url},direct"))

    diagnosis, _ = diagnose(scene, asked)

    assert diagnosis.exit_code == 0
    assert diagnosis.conclusion.cause == "healthy"
    assert diagnosis.stages[-1].name == "other ways"
    assert "404" in diagnosis.stages[-1].facts[0]


def test_another_proxy_that_is_ill_is_a_warning(scene: Scene) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    asked = Asked(scene.env(GOPROXY=f"{scene.sim.url},{nobody}"))

    diagnosis, _ = diagnose(scene, asked)

    assert diagnosis.exit_code == 0
    assert diagnosis.conclusion.cause == "network.refused"


def test_off_behind_a_proxy_ends_the_way(scene: Scene) -> None:
    empty = scene.script()
    diagnosis, _ = diagnose(scene, Asked(scene.env(GOPROXY=f"{empty.url},off")))
    assert diagnosis.conclusion.cause == "http.404"
    assert diagnosis.exit_code == 4


def test_a_folder_of_files(scene: Scene) -> None:
    tree = scene.folder / "tree"
    with Simulator() as sim:
        sim.publish(
            ModuleSource("a.example/m", "v1.0.0", {"go.mod": b"module a.example/m\n"})
        )
        write_static(sim, tree)
        env = {"GOPROXY": f"file://{tree}", "GOSUMDB": sim.gosumdb}
    diagnosis, run = diagnose(scene, Asked(env, subject="a.example/m"))
    assert diagnosis.exit_code == 0, diagnosis
    assert diagnosis.conclusion.cause == "healthy"
    assert run.web.asked == []


@pytest.mark.parametrize(
    ("end", "cause"),
    [(b"PK\5\6" + bytes(18), "healthy"), (bytes(22), "download.truncated_cached")],
)
def test_of_a_large_zip_its_end_is_looked_at(end, cause, scene: Scene) -> None:
    server = scene.script()
    for name, body in (
        ("list", b"v1.0.0\n"),
        ("v1.0.0.info", b'{"Version":"v1.0.0"}'),
        ("v1.0.0.mod", b"module a.example/m\n"),
    ):
        server.script(f"/a.example/m/@v/{name}", answer(body))
    server.script(
        "/a.example/m/@v/v1.0.0.zip",
        answer(b"PK\3\4" + bytes(5000)),
        answer(end, status=206),
    )
    asked = Asked(
        {"GOPROXY": server.url, "GOSUMDB": "off"}, subject="a.example/m@v1.0.0"
    )
    request = DoctorRequest(
        subject=asked.subject,
        environment=environment_of(scene, asked),
        folder=scene.folder,
        zip_limit_bytes=1000,
    )

    diagnosis = DoctorRun(request, SystemClock()).diagnose()

    assert diagnosis.conclusion.cause == cause
    assert [each.headers.get("range") for each in server.requests].count(
        "bytes=-66000"
    ) == 1


def test_a_named_version_needs_no_list(scene: Scene) -> None:
    scene.sim.fail("*/@v/list", status=403)
    diagnosis, _ = diagnose(scene, Asked(scene.env(), subject=SUBJECT))
    assert diagnosis.exit_code == 0
    assert diagnosis.conclusion.cause == "http.403"  # a warning


@pytest.mark.parametrize(
    ("place", "goauth", "sent"),
    [
        ("url", "netrc", True),
        ("netrc", "netrc", True),
        ("netrc", "off", False),
        ("nowhere", "netrc", False),
    ],
)
def test_a_login_is_sent_where_go_would(place, goauth, sent, scene: Scene) -> None:
    server, ca = scene.tls()
    server.script(f"/{SUBJECT.replace('@', '/@v/')}.info", answer(status=403))
    (scene.folder / "netrc").write_text("machine 127.0.0.1 login ann password s3cret\n")
    env = {
        "GOPROXY": server.url.replace("//", "//ann:s3cret@" * (place == "url") or "//"),
        "GOSUMDB": "off",
        "GOAUTH": goauth,
        "SSL_CERT_FILE": str(ca),
        "NETRC": str(scene.folder / (place if place == "netrc" else "none")),
    }

    diagnosis, _ = diagnose(scene, Asked(env))

    said = {each.headers.get("authorization") for each in server.requests}
    assert said == {"Basic YW5uOnMzY3JldA==" if sent else None}
    assert "s3cret" not in str(diagnosis)


def test_nobody_is_asked_but_who_is_configured(scene: Scene) -> None:
    names: list[str] = []

    def resolve(host: str) -> list[str]:
        names.append(host)
        return ["127.0.0.1"]

    port = scene.sim.url.rpartition(":")[2]
    asked = Asked(scene.env(GOPROXY=f"http://goproxy.corp.example:{port},direct"))
    request = DoctorRequest(
        subject=asked.subject,
        environment=environment_of(scene, asked),
        folder=scene.folder,
    )

    run = DoctorRun(request, SystemClock(), resolve)

    assert run.diagnose().exit_code == 0
    assert set(names) == {"goproxy.corp.example"}
    assert {each.split("/")[2] for each in run.web.asked} == {
        f"goproxy.corp.example:{port}"
    }
