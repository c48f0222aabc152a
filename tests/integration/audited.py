"""A site whose upstreams are audited: two modules, three versions."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager

from gosync.demo.modules import ModuleSource
from gosync.gomod.module import ModuleVersion
from tests.integration.inprocess import InProcessSite
from tests.simulator import Simulator

PATH = "audit.example/tool"
OTHER = "audit.example/other"
FIRST = ModuleVersion(PATH, "v1.0.0")
OTHER_FIRST = ModuleVersion(OTHER, "v1.0.0")
MOVED = {"a.go": b"package a // moved\n", "go.mod": b"module audit.example/tool\n\n"}


def source(path, version, go_mod="", **files):
    text = go_mod or f"module {path}\n"
    content = {"go.mod": text.encode(), "a.go": f"package a // {version}\n".encode()}
    return ModuleSource(path, version, content | files)


SOURCES = [
    source(PATH, "v1.0.0"),
    source(PATH, "v1.1.0"),
    source(OTHER, "v1.0.0"),
]


@contextmanager
def upstream():
    """Run an upstream that has them."""
    with Simulator() as sim:
        sim.publish_all(SOURCES)
        yield sim


def make_site(folder, sim, *more, **audit):
    proxies = [sim.url, *(each.url for each in more)]
    site = InProcessSite(
        folder, sim, modules=[PATH, OTHER], upstream={"proxies": proxies}
    )
    if audit:
        site.declare(audit=audit)
    site.sync()
    return site


def run_audit(site, *, expect):
    return site.run("audit", "--refresh", expect=expect).document


def found(site):
    findings = site.run("audit", "--list").document["findings"]
    return {(f["kind"], f"{f['path']}@{f['version']}".strip("@")) for f in findings}


def asked(sim, mark):
    """Return how often the proxy was asked for what, since a mark."""
    return Counter(logged.path for logged in sim.requests_since(mark))
