"""A site with a checksum database of its own, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from tests.integration.site import OK, Site

NAME = "sum.corp.example"
S = TypeVar("S", bound=Site)


def make_key(site: Site, folder: Path) -> str:
    """Make a signer key, and return its verifier key."""
    made = site.run(
        "key", "new", NAME, "--kind", "sumdb", "--dir", str(folder), expect=OK
    )
    return str(made.document["verifier"])


def with_house_log(site: S, folder: Path, **keys: object) -> S:
    """Let a site sign a log with a new key in a folder."""
    folder.mkdir(exist_ok=True)
    verifier = make_key(site, folder)
    section = {"verifier": verifier, "key": str(folder / f"{NAME}.key"), **keys}
    site.declare(house_log=section)
    return site


def verifier_of(site: Site) -> str:
    """Return a site's verifier key."""
    return str(section_of(site)["verifier"])


def section_of(site: Site) -> dict[str, object]:
    """Return a site's ``[house_log]``."""
    section = site._sections["house_log"]
    assert isinstance(section, Mapping)
    return dict(section)


def head_of(site: Site) -> bytes:
    """Return the signed head that a site's tree shows."""
    return (site.tree / "sumdb" / NAME / "latest").read_bytes()
