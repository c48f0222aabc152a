"""Pull-through under a policy: what it denies is answered 403, with the rule."""

from __future__ import annotations

from pathlib import Path

import msgspec

from gosync.demo.exchange import RequestKind
from tests.integration.inprocess import InProcessSite
from tests.integration.pulling import pulling_site
from tests.integration.serving import Serving
from tests.integration.site import OK
from tests.integration.test_policy import DEEP, LIB, offer
from tests.simulator import Simulator
from tests.unit.licence.texts import GPL, MIT


def test_a_licence_that_is_not_allowed(tmp_path: Path) -> None:
    with Simulator() as sim:
        for version in ("v1.0.0", "v1.1.0"):
            offer(sim, DEEP, version, GPL)
        offer(sim, LIB, "v1.0.0", MIT)
        site = pulling_site(tmp_path, sim, workers=1, fresh_seconds=0)
        site.declare(
            policy={"licences.allow": ["MIT"], "contact": "legal@corp.example"}
        )
        with Serving(site.folder, environment=site.environment) as server:
            allowed = server.get(f"/{LIB}/@v/v1.0.0.zip")
            first = server.get(f"/{DEEP}/@v/v1.0.0.zip")
            go_mod = server.get(f"/{DEEP}/@v/v1.0.0.mod")
            later = server.get(f"/{DEEP}/@v/v1.1.0.zip")
            again = server.get(f"/{DEEP}/@v/v1.0.0.zip")
            listed = server.get(f"/{DEEP}/@v/list").text.split()

        assert (allowed.status, go_mod.status) == (200, 200)
        assert [each.status for each in (first, later, again)] == [403] * 3
        assert "GPL-3.0-or-later is not allowed" in first.text
        assert "policy.licences.allow" in first.text
        assert "legal@corp.example" in first.text
        assert "as that of v1.0.0 is" in later.text
        asked = [path for path in sim.paths(RequestKind.ZIP) if DEEP in path]
        assert len(asked) == 1, "the second version's is known by the first's"
        assert listed == ["v1.0.0", "v1.1.0"], "what is denied is not hidden"
        assert not list((site.tree / DEEP / "@v").glob("*.zip"))


def test_a_server_without_upstreams_refuses_what_the_tree_denies(
    tmp_path: Path,
) -> None:
    with Simulator() as sim:
        for version in ("v1.0.0", "v1.1.0"):
            offer(sim, DEEP, version, GPL)
        site = InProcessSite(tmp_path, sim, modules=[DEEP])
        site.declare(policy={"deny": [f"{DEEP}@v1.0.0"]})
        site.sync(expect=OK)
    with Serving(site.folder, site.tree) as server:
        names = ("v1.0.0.zip", "v1.0.0.mod", "v1.1.0.zip", "v1.2.0.zip")
        answers = [server.get(f"/{DEEP}/@v/{name}") for name in names]
    assert [each.status for each in answers] == [403, 200, 200, 404]
    assert f"{DEEP}@v1.0.0: not from this mirror: policy.deny" in answers[0].text


def test_a_version_waits_until_it_was_known_long_enough(tmp_path: Path) -> None:
    with Simulator() as sim:
        for version in ("v1.0.0", "v1.1.0"):
            offer(sim, LIB, version, MIT)
        site = pulling_site(tmp_path, sim, workers=1, fresh_seconds=0, min_age=7)
        known = site.store / "serve/merged/seen" / LIB / "@v/known"
        with Serving(site.folder, environment=site.environment) as server:
            hidden = server.get(f"/{LIB}/@v/list")
            young = server.get(f"/{LIB}/@v/v1.1.0.zip")
            absent = server.get(f"/{LIB}/@v/v1.2.0.mod")
            old = {"v1.0.0": "2020-01-01T00:00:00Z"}
            known.write_bytes(
                msgspec.json.encode(msgspec.json.decode(known.read_bytes()) | old)
            )
            server.wait_until(lambda: server.get(f"/{LIB}/@v/list").text == "v1.0.0\n")
            latest = server.get(f"/{LIB}/@latest").text
            zip_file = server.get(f"/{LIB}/@v/v1.0.0.zip")

        assert hidden.text == ""
        assert (young.status, absent.status) == (403, 404)
        assert "serve.min_age: it became known less than 7 days ago" in young.text
        assert '"v1.0.0"' in latest
        assert zip_file.status == 200
        assert sim.paths(RequestKind.ZIP) == [f"/{LIB}/@v/v1.0.0.zip"]


def test_a_signature_that_must_be_there(tmp_path: Path) -> None:
    with Simulator() as sim:
        offer(sim, LIB, "v1.0.0", MIT)
        site = pulling_site(tmp_path, sim, workers=1, fresh_seconds=0)
        made = site.run("key", "new", "officer", "--dir", str(tmp_path)).document
        rule = {"patterns": [LIB], "keys": [made["public_file"]]}
        site.declare(
            policy={f"require_signature.{key}": each for key, each in rule.items()}
        )
        with Serving(site.folder, environment=site.environment) as server:
            refused = server.get(f"/{LIB}/@v/v1.0.0.zip")
            server.get(f"/{LIB}/@v/v1.0.0.mod")
            key = ("--key", made["secret_file"])
            site.run("attest", "sign", LIB, *key, expect=OK)
            allowed = server.get(f"/{LIB}/@v/v1.0.0.zip")
        assert (refused.status, allowed.status) == (403, 200)
        assert "policy.require_signature: 0 of 1 signatures" in refused.text
