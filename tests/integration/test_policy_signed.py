"""Signatures that modules must have: attested, enforced, exchanged, checked offline."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gosync.gomod.module import ModuleVersion
from gosync.signing.attestation import parse_attestation, sign_attestation
from gosync.signing.files import read_key
from tests.integration.inprocess import InProcessSite
from tests.integration.site import OK, SECURITY, STANDS_OPEN, USAGE
from tests.integration.siteconfig import Section
from tests.integration.test_policy import CHAIN, DEEP, LIB, Work, only
from tests.simulator import Simulator

RULE = "policy.require_signature"
MV = ModuleVersion(DEEP, "v1.0.0")
OTHER = "h1:" + base64.b64encode(bytes(32)).decode()


class Office:
    """Who signs: keys, and the rule that asks for them."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.run = work.site.run
        self.keys = work.site.folder.parent / "keys"
        self.mounted = work.site.folder.parent / "mounted"
        self.keys.mkdir()
        self.mounted.mkdir()

    def hire(self, name: str) -> Path:
        """Make a key, and let its public part be mounted; return the secret one."""
        folder, kind = ("--dir", str(self.keys)), ("--kind", "ecdsa-p256")
        self.run("key", "new", name, *folder, *kind, expect=OK)
        public = self.keys / f"{name}.key.pub"
        (self.mounted / f"{name}.pub").write_bytes(public.read_bytes())
        return self.keys / f"{name}.key"

    def require(self, threshold: int = 1, *, is_on: bool = True) -> None:
        """Let the deep module need signatures."""
        rule = {"patterns": [DEEP], "keys": ["../mounted"], "threshold": threshold}
        keys = {f"require_signature.{key}": each for key, each in rule.items()}
        sections: dict[str, Section] = {"policy": keys if is_on else {}}
        self.work.site.declare(**sections)

    def sign(self, key: Path, pattern: str = DEEP) -> list[str]:
        """Attest versions; return which."""
        ran = self.run("attest", "sign", pattern, "--key", str(key), expect=OK)
        found: list[str] = ran.document["attested"]
        return found

    def check(self, *options: str, expect: int) -> str:
        """Check the deep module in the tree, with the mounted keys."""
        keys = ("--key", str(self.mounted), "--tree", str(self.work.site.tree))
        ran = self.run("attest", "check", DEEP, *keys, *options, expect=expect)
        state: str = only(ran.document["versions"])["state"]
        return state

    def denied(self) -> list[dict[str, Any]]:
        """Sync; return what the policy keeps out."""
        ran = self.run("sync", expect=OK)
        found: list[dict[str, Any]] = ran.document["policy"]["denied"]
        return found

    def shown(self) -> Path:
        """Return the folder of the deep module's attestations in the tree."""
        return self.work.site.tree / "documents/attestations" / DEEP / "@v/v1.0.0"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with Simulator() as sim:
        yield Office(Work(tmp_path, sim))


def test_a_signature_lets_in_what_must_have_one(office: Office) -> None:
    work = office.work
    first, second = office.hire("first"), office.hire("second")
    office.require(threshold=2)
    found = only(office.denied())
    assert (found["rule"], found["chain"]) == (RULE, CHAIN)
    assert "0 of 2 signatures" in found["reason"]
    assert work.zips_asked() == 0
    project = work.closure(STANDS_OPEN).document["projects"][0]
    lacking = only([each for each in project["findings"] if each["denied"]])
    assert lacking["chain"] == CHAIN
    steps = "\n".join(project["next"])
    assert f"`gosync attest sign {MV} --key KEY.key`" in steps
    assert "exception" not in steps

    assert office.sign(first) == [f"{DEEP}@v1.0.0"], "its record has the h1"
    assert office.sign(first) == [], "it has"
    assert "1 of 2 signatures" in only(office.denied())["reason"]
    assert work.zips_asked() == 0
    office.sign(second, f"{DEEP}@v1.0.0")
    assert office.denied() == []
    assert work.has(DEEP)
    assert office.check("--threshold", "2", expect=OK) == "signed"
    work.site.check(work.sim)
    work.site.run("verify", str(work.site.tree), "--offline", expect=OK)
    work.site.run("catalog", "rebuild", expect=OK)
    assert office.denied() == []
    assert work.has(DEEP)


def test_keys_are_read_at_each_use(office: Office) -> None:
    old = office.hire("old")
    office.denied()
    office.sign(old)
    office.require()
    assert office.denied() == []
    new = office.hire("new")
    assert office.denied() == [], "two are valid for a while"
    (office.mounted / "old.pub").unlink()
    assert "0 of 1" in only(office.denied())["reason"]
    office.sign(new)
    assert office.denied() == []
    (office.mounted / "new.pub").unlink()
    assert "a folder without keys" in office.run("sync", expect=USAGE).stderr
    assert office.work.has(DEEP), "a mount that is away removes nothing"
    assert "without keys" in office.run("config", "check", expect=USAGE).stdout


def test_a_signature_of_another_content_does_not_count(office: Office) -> None:
    key = office.hire("officer")
    file = office.keys / "other.json"
    made = sign_attestation(
        read_key(key), MV, zip_h1=OTHER, zip_sha256="0" * 64, mod_h1=OTHER
    )
    file.write_bytes(made)
    office.denied()
    assert office.run("attest", "add", str(file), expect=OK).document["attested"]
    office.require()
    found = only(office.denied())
    assert "0 of 1 signatures" in found["reason"]
    assert "1 are of another content" in found["reason"]
    office.require(is_on=False)
    office.denied()
    assert office.check(expect=SECURITY) == "other"
    office.sign(key)
    office.run("publish", expect=OK)
    assert office.check(expect=OK) == "signed"


def test_what_cannot_be_an_attestation_is_left_aside(office: Office) -> None:
    key = office.hire("officer")
    office.denied()
    office.sign(key)
    office.run("publish", expect=OK)
    (file,) = office.shown().iterdir()
    data = file.read_bytes()
    assert parse_attestation(data).attested.mv == MV
    wrong = office.keys / "wrong.json"
    for broken in (b"", b"{}", b"[" * 100_000, data.replace(b"in-toto", b"other")):
        wrong.write_bytes(broken)
        office.run("attest", "add", str(wrong), expect=USAGE)
    document = json.loads(data)
    document["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(
        bytes(70)
    ).decode()
    (office.shown() / "forged.json").write_text(json.dumps(document))
    file.write_bytes(b"{")
    assert office.check(expect=STANDS_OPEN) == "lacking"
    zip_file = office.work.site.tree / DEEP / "@v/v1.0.0.zip"
    zip_file.unlink()
    zip_file.write_bytes(b"no zip")
    assert office.check(expect=SECURITY) == "broken"


def test_an_import_is_held_to_the_rule_too(office: Office, tmp_path: Path) -> None:
    work, key = office.work, office.hire("officer")
    office.denied()
    other = InProcessSite(tmp_path / "other", work.sim)
    rule = {"patterns": ["*.example/*"], "keys": [f"{key}.pub"]}
    sections: dict[str, Section] = {
        "policy": {f"require_signature.{name}": each for name, each in rule.items()}
    }
    other.declare(**sections)
    other.run("import", str(work.site.tree), expect=OK)
    zip_file = other.tree / DEEP / "@v/v1.0.0.zip"
    assert not zip_file.exists()
    denied = other.run("status", expect=OK).document["policy"]["denied"]
    assert {each["rule"] for each in denied} == {RULE}
    other.run("attest", "sign", DEEP, "--key", str(key), expect=OK)
    other.run("publish", expect=OK)
    assert zip_file.exists()


def test_a_key_attests_what_is_published(office: Office) -> None:
    key = office.hire("station")
    site = office.work.site
    site.declare(
        publish={"tree": "public", "attest": [str(key)]}, policy={"deny": [DEEP]}
    )
    office.denied()
    how = ("--key", str(key.with_name(f"{key.name}.pub")), "--tree", str(site.tree))
    found = office.run("attest", "check", *how, expect=OK).document
    assert found["signed"] == len(found["versions"]) == 2
    assert not office.shown().exists(), "what is denied is not attested"
    files = sorted(site.tree.glob("documents/attestations/**/*.json"))
    site.declare(policy={})
    office.denied()
    assert office.check(expect=OK) == "signed"
    again = sorted(site.tree.glob("documents/attestations/**/*.json"))
    assert set(files) < set(again), "each once"
    assert len(again) == 3
    site.declare(project=[], select=[{"modules": [LIB]}], prune={"grace_days": 0})
    office.denied()
    office.run("prune", "--max-delete", "10", expect=OK)
    office.run("publish", expect=OK)
    assert not office.work.has(DEEP)
    assert not office.shown().exists(), "it is forgotten with its version"
