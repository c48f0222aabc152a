"""Bundles signed by keys of a folder, and trusted by keys of another, exchanged."""

from __future__ import annotations

from pathlib import Path

from tests.integration.inprocess import InProcessSite
from tests.integration.offered import offer
from tests.integration.site import OK, SECURITY
from tests.simulator import Simulator

MODULE = "corp.example/m"


def test_a_packer_s_key_is_exchanged_without_a_day_of_mistrust(tmp_path: Path) -> None:
    keys, trust, media = (tmp_path / each for each in ("keys", "trust", "media"))
    keys.mkdir()
    trust.mkdir()
    with Simulator() as sim:
        offer(sim, MODULE, "v1.0.0", "v1.1.0")
        site = InProcessSite(tmp_path / "site", sim, modules=[MODULE])
        site.declare(target=[{"name": "inside", "keys": [str(keys)]}])
        site.run("sync", expect=OK)

        def hire(name: str) -> None:
            made = site.run("key", "new", name, "--dir", str(keys), expect=OK).document
            public = Path(made["public_file"])
            (trust / f"{name}.pub").write_bytes(public.read_bytes())
            public.unlink()

        def bundle() -> Path:
            how = ("--full", "--out", str(media))
            made = site.run("bundle", "create", *how, expect=OK).document
            return Path(made["folder"])

        def signers(of: Path, expect: int = OK) -> list[str]:
            how = ("--trust", str(trust))
            document = site.run(
                "bundle", "verify", str(of), *how, expect=expect
            ).document
            return [each["name"] for each in document.get("signed_by") or []]

        hire("old")
        first = bundle()
        assert signers(first) == ["old"]
        hire("new")
        both = bundle()
        assert sorted(signers(both)) == ["new", "old"]
        (keys / "old.key").unlink()
        last = bundle()
        assert signers(last) == ["new"]
        (trust / "old.pub").unlink()
        assert signers(both) == ["new"]
        assert signers(first, SECURITY) == []
        (trust / "trust.toml").write_text("threshold = 2\n")
        hire("third")
        assert signers(last, SECURITY) == [], "two are asked for from now on"
        assert sorted(signers(bundle())) == ["new", "third"]
