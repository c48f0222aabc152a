"""Files beside module versions cross the gap; of a kind not known they are skipped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gosync.artifact import DOCUMENT, VULNDB, Artifact
from gosync.bundle.format.features import OURS
from gosync.catalog.db import Catalog
from gosync.config.load import load_config
from gosync.site.artifacts import change_artifacts
from gosync.site.site import open_site
from gosync.store.digest import digest_of
from tests.integration.pair import GAP, VOLUME, Machines, Pair, bulky
from tests.integration.site import OK, USAGE, Site
from tests.simulator import Simulator

pytestmark = pytest.mark.slow

SBOM = "sbom"  # a kind that this gosync does not know
MODULES = ["std.example/bulk", "std.example/other"]


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    with Machines() as machines:
        yield machines


@pytest.fixture
def pair(machines: Machines, tmp_path: Path) -> Iterator[Pair]:
    with Simulator() as sim:
        for path in MODULES:
            sim.publish(bulky(path))
        pair = Pair(tmp_path, sim, machines, modules=MODULES)
        pair.sync()
        yield pair


def forget(site: Site, artifact: Artifact) -> None:
    options = load_config(site.config_file, {}).site_options()
    with open_site(options, command="test") as opened:
        change_artifacts(opened, [], [artifact])


def artifacts(site: Site) -> dict[str, str]:
    """Return the digests of a site's artifacts; each one's blob is there and whole."""
    with Catalog.open(site.store / "catalog.sqlite", create=False) as catalog:
        found = catalog.artifacts.all()
    for each in found:
        blob = site.store / "blobs/sha256" / each.digest[:2] / each.digest
        assert digest_of(blob.read_bytes()) == each.digest
    return {str(each): each.digest for each in found}


def test_artifacts_cross_and_follow_what_outside_has(pair: Pair):
    database = pair.keep(VULNDB, "index/modules.json", b"[]\n")
    pair.keep(VULNDB, "ID/GO-1.json", b"{}\n")
    page = pair.keep(DOCUMENT, "guide/start.html", b"<p>" * 100_000)
    first = pair.make()

    taken = pair.take(first).document
    assert taken["artifacts_brought"] == 3
    assert artifacts(pair.inside) == artifacts(pair.outside)
    assert taken["now"]["artifacts"] == 3
    pair.ack()
    pair.check()

    # Nothing new; then one changes, one goes, and one has the bytes of another.
    made = pair.run_outside("bundle", "create", "inside", "--out", str(pair.media))
    assert made.document["result"] == "nothing-new"
    pair.keep(VULNDB, "index/modules.json", b'[{"path":"a.example"}]\n')
    pair.keep(VULNDB, "ID/GO-2.json", b"{}\n")
    forget(pair.outside, page)
    second = pair.make()
    header = json.loads((second / "bundle.json").read_bytes())
    assert (header["artifacts"], header["artifacts_carried"]) == (3, 1)

    pair.take(second)
    assert artifacts(pair.inside) == artifacts(pair.outside)
    pair.check()
    assert pair.run_inside("verify").document["findings"] == []
    gone = pair.inside.store / "blobs/sha256" / database.digest[:2] / database.digest
    assert not gone.exists(), "what no artifact has any more is swept"


def test_a_kind_that_is_not_known_is_skipped_and_counted(pair: Pair):
    pair.keep(SBOM, "a.json", b"a")
    pair.keep(SBOM, "b.json", b"b")
    pair.keep(DOCUMENT, "known.txt", b"known")
    first = pair.make()
    shown = pair.run_inside("bundle", "inspect", str(first)).document
    assert shown["artifacts"] == {"known": {DOCUMENT: 1}, "skipped": {SBOM: 2}}
    proven = pair.run_inside("bundle", "verify", str(first)).document
    assert proven["proven"]["artifacts"] == 3

    run = pair.take(first)
    assert run.document["artifacts_skipped"] == {SBOM: 2}
    receipt = json.loads(pair.receipt.read_bytes())
    assert receipt["skipped"] == {SBOM: 2}
    assert receipt["reads"]["artifacts"] == sorted(OURS.artifacts)
    assert list(artifacts(pair.inside)) == ["document/known.txt"]

    # Once outside knows what is read inside it sends no more of it, and says so.
    pair.ack()
    pair.keep(SBOM, "c.json", b"c")
    made = pair.run_outside("bundle", "create", "inside", "--out", str(pair.media))
    assert (made.document["result"], made.document["left_out"]) == (
        "nothing-new",
        {SBOM: 3},
    )


def test_a_catalog_that_is_made_anew_has_them(pair: Pair):
    pair.keep(SBOM, "a.json", b"a")
    gone = pair.keep(DOCUMENT, "gone.txt", b"gone")
    pair.keep(DOCUMENT, "here.txt", b"here")
    pair.keep(DOCUMENT, "here.txt", b"here, changed")
    forget(pair.outside, gone)
    before = artifacts(pair.outside)

    document = pair.run_outside("catalog", "rebuild").document
    assert artifacts(pair.outside) == before
    assert document["unknown"] == {}
    assert set(before) == {"document/here.txt", "sbom/a.json"}

    digest = before.pop("sbom/a.json")
    (pair.outside.store / "blobs/sha256" / digest[:2] / digest).unlink()
    document = pair.run_outside("catalog", "rebuild").document
    assert document["lost_artifacts"] == ["sbom/a.json"]
    assert artifacts(pair.outside) == before


def test_a_volume_that_is_missing_leaves_artifacts_to_be_asked_for(pair: Pair):
    pair.take(pair.make())
    pair.ack()
    lost = pair.keep(DOCUMENT, "lost.txt", b"lost")
    first = pair.make()
    (first / "vol-0001.zst").unlink()
    pair.take(first, expect=VOLUME)
    assert not artifacts(pair.inside)

    pair.run_outside("bundle", "ack", str(pair.receipt))
    pair.keep(DOCUMENT, "later.txt", b"later")
    later = pair.make("--base", "sealed")
    run = pair.take(later, expect=GAP)
    assert run.document["need"]["artifacts"] == [
        {
            "kind": DOCUMENT,
            "name": "lost.txt",
            "digest": lost.digest,
            "size_bytes": 4,
        }
    ]
    repair = pair.make("--need", str(pair.need))
    pair.take(repair)
    assert artifacts(pair.inside) == artifacts(pair.outside)


def test_a_bundle_is_made_for_the_version_inside(pair: Pair):
    pair.keep(SBOM, "a.json", b"a")
    pair.keep(DOCUMENT, "a.txt", b"a")
    out = ("--out", str(pair.media))
    pair.run_outside(
        "bundle", "create", "inside", *out, "--for-version", "0.0.9", expect=USAGE
    )
    made = pair.run_outside(
        "bundle", "create", "inside", *out, "--for-version", "0.1.0", expect=OK
    )
    assert made.document["left_out"] == {SBOM: 1}
    assert made.document["bundle"]["artifacts"] == 1
