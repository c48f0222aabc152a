"""Lists, .info and .mod that are wrong: refused and kept, or read as Go reads them."""

from __future__ import annotations

from pathlib import Path

from gosync.demo.exchange import RequestKind
from gosync.demo.modules import go_mod
from gosync.gomod.dirhash import hash_go_mod
from tests.integration.faulty import GOOD, broken, check_rest, glob, publish_faulty
from tests.integration.site import MISSING, OK, SECURITY, Site
from tests.simulator import Simulator
from tests.simulator.faults import HTML
from tests.simulator.standard import module

MIB = 1 << 20


def test_an_info_that_go_could_not_use_is_refused_and_kept_as_evidence(
    tmp_path: Path,
) -> None:
    bodies = {
        "other-version": b'{"Version":"v1.9.9","Time":"2024-01-01T00:00:00Z"}',
        "other-shape": b'{"Version":["v1.0.0"]}',
        "empty-time": b'{"Version":"v1.0.0","Time":""}',
        "no-version": b'{"Time":"2024-01-01T00:00:00Z"}',
        "no-json": b"v1.0.0\n",
        "two-documents": b'{"Version":"v1.0.0"}{"Version":"v1.0.0"}',
        "nothing": b"",
        "page": HTML,
    }
    paths = {name: f"info.example/{name}" for name in bodies}
    with Simulator() as sim:
        site = Site(tmp_path / "site", sim, modules=publish_faulty(sim, paths.values()))
        for name, body in bodies.items():
            sim.replace_body(glob(paths[name], "info"), body)
        result = site.sync(expect=MISSING)
        check_rest(site, sim, result, paths.values())
        for name, body in bodies.items():
            mv = broken(paths[name])
            assert result.failed[str(mv)]["exit_code"] == MISSING, name
            [evidence] = site.quarantine(str(mv))
            assert evidence.files == {"answer": body}, name
            served = evidence.facts["served"]["answer"]
            assert served["url"] == sim.url + glob(mv.path, "info")
            assert served["status"] == 200
            assert served["at"].endswith("Z")
            assert served["headers"]["content-length"] == str(len(body))
        assert (
            sim.paths(RequestKind.MOD, RequestKind.ZIP).count(
                glob(paths["page"], "mod")
            )
            == 0
        )
        sim.clear()
        site.check_converges(sim, tmp_path / "clean")


def test_an_info_with_unknown_keys_or_without_a_time_is_kept_byte_for_byte(
    tmp_path: Path,
) -> None:
    bodies = {
        "unknown-keys": b'{ "Version": "v1.0.0", "Weather": {"rain": [1]}, "x": 2 }\n',
        "no-time": b'{"Version":"v1.0.0"}',
        "null-time": b'{"Version":"v1.0.0","Time":null}',
        "lower-case": b'{"version":"v1.0.0","time":"2024-01-01T00:00:00+02:00"}',
        "origin": b'{"Version":"v1.0.0","Origin":{"VCS":"git","URL":"x","More":1}}',
    }
    paths = {name: f"info.example/{name}" for name in bodies}
    with Simulator() as sim:
        selected = publish_faulty(sim, paths.values())
        for name, body in bodies.items():
            sim.replace(broken(paths[name]), RequestKind.INFO, body)
        site = Site(tmp_path, sim, modules=selected)
        site.sync(expect=OK)
        for name, body in bodies.items():
            file = site.tree / paths[name] / "@v/v1.0.0.info"
            assert file.read_bytes() == body, name
        site.check(sim)


def test_a_mod_unlike_the_log_s_is_evidence_of_misbehaviour(tmp_path: Path) -> None:
    path = "mod.example/m"
    with Simulator() as sim:
        site = Site(tmp_path / "site", sim, modules=publish_faulty(sim, [path]))
        evil = go_mod(sim.publication(broken(path)).source)
        evil += b"\nrequire evil.example/m v1.0.0\n"
        sim.replace_body(glob(path, "mod"), evil)
        result = site.sync(expect=SECURITY)
        check_rest(site, sim, result, [path])
        assert sim.paths(RequestKind.ZIP).count(glob(path, "zip")) == 0, (
            "a kilobyte is enough"
        )
        [evidence] = site.quarantine(str(broken(path)))
        assert evidence.files["mod"] == evil
        assert evidence.facts["h1_served"] == {"mod": hash_go_mod(evil)}
        wanted = sim.publication(broken(path)).mod_h1
        assert evidence.facts["h1_wanted"]["mod"] == wanted
        assert evidence.facts["served"]["mod"]["url"] == sim.url + glob(path, "mod")
        sim.clear()
        site.check_converges(sim, tmp_path / "clean")


def test_a_mod_that_is_a_page_or_too_large_is_refused(tmp_path: Path) -> None:
    paths = {name: f"mod.example/{name}" for name in ("page", "large")}
    with Simulator() as sim:
        selected = publish_faulty(sim, paths.values())
        sim.html(glob(paths["page"], "mod"))
        sim.replace_body(glob(paths["large"], "mod"), b"// large\n" * (2 * MIB))
        site = Site(tmp_path, sim, modules=selected)
        result = site.sync(expect=MISSING)
        rejected = {str(broken(path)) for path in paths.values()}
        assert set(result.failed) == rejected
        for subject in rejected:
            assert len(site.quarantine(subject)) == 1
        [evidence] = site.quarantine(str(broken(paths["page"])))
        assert evidence.files["answer"] == HTML
        [evidence] = site.quarantine(str(broken(paths["large"])))
        assert evidence.facts["served"]["answer"]["url"].endswith(".mod")
        site.check(sim)


def test_a_mod_is_held_against_its_record_before_it_is_read(tmp_path: Path) -> None:
    path = "mod.example/syntax"
    with Simulator() as sim:
        selected = publish_faulty(sim, [path])
        sim.replace_body(glob(path, "mod"), b'module "m\n')
        site = Site(tmp_path, sim, modules=selected)
        result = site.sync(expect=SECURITY)
        assert result.failed[str(broken(path))]["error"] == "ChecksumMismatchError"
        [evidence] = site.quarantine(str(broken(path)))
        assert set(evidence.files) == {"info", "mod"}
        site.check(sim)


def test_a_private_mod_that_is_no_go_mod_is_refused(tmp_path: Path) -> None:
    path = "mod.example/syntax"
    with Simulator() as sim:
        sim.publish_private(module(path, "v1.0.0"))
        sim.replace_body(glob(path, "mod"), b'module "m\n')
        site = Site(tmp_path, sim, modules=[path], private=[path])
        result = site.sync(expect=MISSING)
        assert result.failed[str(broken(path))]["error"] == "MalformedError"


def test_a_list_is_read_as_go_reads_it(tmp_path: Path) -> None:
    junk = (
        b"v1.0.0\nv1.1.0 2024-01-01T00:00:00Z\nlatest\n\n \nv1.2\nv2.0.0\nv1.0\n"
        b"v1.0.0+meta\n../../etc/passwd\n\xff\xfe\nv1.1.0/../../evil\nV1.0.0\n"
        b"v1.0.0-20240101000000-aaaaaaaaaaaa\n"
    )
    lists = {"junk": junk, "crlf": b"v1.1.0\r\nv1.0.0\r\n", "no-newline": b"v1.0.0"}
    paths = {name: f"list.example/{name}" for name in lists}
    with Simulator() as sim:
        selected = publish_faulty(sim, paths.values())
        for name, body in lists.items():
            sim.replace_body(f"/{paths[name]}/@v/list", body)
        site = Site(tmp_path, sim, modules=selected)
        result = site.sync(expect=None)
        assert result.failed == {}
        assert site.listed() == site.carried()
        assert site.listed() == {
            f"{GOOD}@v1.0.0",
            f"{paths['junk']}@v1.0.0",
            f"{paths['junk']}@v1.1.0",
            f"{paths['crlf']}@v1.0.0",
            f"{paths['crlf']}@v1.1.0",
            f"{paths['no-newline']}@v1.0.0",
        }
        site.check(sim)


def test_a_list_of_pseudo_versions_alone_leads_to_latest(tmp_path: Path) -> None:
    path = "list.example/pseudo"
    version = "v0.0.0-20240101000000-aaaaaaaaaaaa"
    with Simulator() as sim:
        sim.publish(module(path, version))
        sim.replace_body(f"/{path}/@v/list", f"{version}\n".encode())
        site = Site(tmp_path, sim, modules=[path])
        site.sync(expect=OK)
        assert (site.tree / path / "@v/list").read_bytes() == b""
        assert site.carried() == {f"{path}@{version}"}
        site.check(sim)


def test_a_page_in_place_of_a_list_is_refused_and_the_rest_is_synced(
    tmp_path: Path,
) -> None:
    listed, latest = "page.example/list", "page.example/latest"
    with Simulator() as sim:
        selected = publish_faulty(sim, [listed])
        pseudo = module(latest, "v0.0.0-20240101000000-aaaaaaaaaaaa")
        sim.publish(pseudo)
        sim.html(f"/{listed}/@v/list")
        sim.html(f"/{latest}/@latest")
        site = Site(tmp_path / "site", sim, modules=[*selected, latest])
        result = site.sync(expect=MISSING)
        assert set(result.failed) == {listed, latest}
        assert site.carried() == {f"{GOOD}@v1.0.0"}
        for path in (listed, latest):
            [evidence] = site.quarantine(path)
            assert evidence.files == {"answer": HTML}
            assert evidence.facts["served"]["answer"]["url"].startswith(sim.url)
        site.check(sim)
        sim.clear()
        site.check_converges(sim, tmp_path / "clean")


def test_latest_about_another_module_s_version_is_refused(tmp_path: Path) -> None:
    path = "latest.example/m"
    with Simulator() as sim:
        sim.publish(module(path, "v0.0.0-20240101000000-aaaaaaaaaaaa"))
        sim.publish(module(GOOD, "v1.0.0"))
        sim.replace_body(f"/{path}/@latest", b'{"Version":"v2.0.0"}')
        site = Site(tmp_path, sim, modules=[path, GOOD])
        result = site.sync(expect=MISSING)
        assert set(result.failed) == {path}
        assert site.carried() == {f"{GOOD}@v1.0.0"}
        site.check(sim)
