"""gosync's figures, measured, in one table.

    python -m tests.bench [--quick] [--only NAME] [--runs N] [--json]
                          [--real FOLDER [--listed FILE]]
                          [--versions N ...] [--commands NAME ...] [--index-rows N]

Needs nginx, wrk and a go command. It takes hours and 20 GB, most of both for slopes
over a million versions, and with ``--quick`` minutes and 3 GB, in the temporary
folder, whose disk is what durability is paid to (set TMPDIR to choose). Ratios
are of runs side by side, and what is shown is the median of them; still, a
machine that does other things measures those, too. Exits 1 when a target is missed,
so with ``--quick``, whose sizes are smaller, take it as a hint. With a folder of real
modules, as a proxy's cache has them, a cold sync, imports and bundles are measured over
these, too.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from tests.bench.badline import bad_mirrors
from tests.bench.badpulls import pull_badly
from tests.bench.blackhole import silent_first, turning_mirrors
from tests.bench.bundling import bundle_sizes
from tests.bench.cataloguing import show_catalogue
from tests.bench.causing import name_causes
from tests.bench.client import ask_small
from tests.bench.cold import cold_sync, cold_sync_of_real
from tests.bench.doctoring import doctor_module
from tests.bench.events import index_events
from tests.bench.explaining import explain_logs
from tests.bench.hashing import hash_zips
from tests.bench.houselog import record_versions
from tests.bench.huge import huge_zip
from tests.bench.idle import idle_pass
from tests.bench.licensing import read_all_licences
from tests.bench.listing import list_store
from tests.bench.logreading import read_logs
from tests.bench.manysites import many_sites
from tests.bench.manytargets import share_packing
from tests.bench.objectpublish import publish_into_bucket
from tests.bench.objectsync import sync_into_bucket
from tests.bench.peers import serve_beside_peers
from tests.bench.planning import plan_selection, resolve_graph
from tests.bench.publishing import publish_changes
from tests.bench.realbundle import real_bundles
from tests.bench.realincrement import real_increments
from tests.bench.scanning import scan_imports
from tests.bench.serving import serve_tree
from tests.bench.setting import FULL, QUICK, Setting
from tests.bench.slopes import MEASURED, slopes
from tests.bench.starting import start_verbs
from tests.bench.storeplan import plan_store_repair
from tests.bench.sweeping import share_verify
from tests.bench.table import Row, document, format_table
from tests.bench.verifying import verify_caches
from tests.bench.wholeindex import whole_index

FIGURES: dict[str, Callable[[Setting], Iterator[Row]]] = {
    "cold": cold_sync,
    "realcold": cold_sync_of_real,
    "objects": sync_into_bucket,
    "idle": idle_pass,
    "hash": hash_zips,
    "imports": scan_imports,
    "licences": read_all_licences,
    "events": index_events,
    "wholeindex": whole_index,
    "huge": huge_zip,
    "plan": plan_selection,
    "graph": resolve_graph,
    "list": list_store,
    "start": start_verbs,
    "explain": explain_logs,
    "doctor": doctor_module,
    "causes": name_causes,
    "publish": publish_changes,
    "pages": show_catalogue,
    "objectpublish": publish_into_bucket,
    "houselog": record_versions,
    "slopes": slopes,
    "verify": verify_caches,
    "storeplan": plan_store_repair,
    "bundle": bundle_sizes,
    "realbundle": real_bundles,
    "realincrement": real_increments,
    "manysites": many_sites,
    "manytargets": share_packing,
    "client": ask_small,
    "line": bad_mirrors,
    "hole": silent_first,
    "turn": turning_mirrors,
    "serve": serve_tree,
    "peers": serve_beside_peers,
    "logs": read_logs,
    "badpull": pull_badly,
    "sweep": share_verify,
}


def measure(setting: Setting, names: Iterable[str]) -> Iterator[Row]:
    """Yield the rows of these figures as they are measured."""
    for name in names:
        yield from FIGURES[name](setting)


def main(arguments: list[str]) -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--quick", action="store_true", help="smaller sizes, one run")
    parser.add_argument("--only", action="append", choices=[*FIGURES], metavar="NAME")
    parser.add_argument("--runs", type=int, metavar="N", help="3, or 1 with --quick")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--real", type=Path, metavar="FOLDER", help="real modules")
    parser.add_argument("--listed", type=Path, metavar="FILE", help="which of them")
    parser.add_argument(
        "--versions", type=int, nargs="+", metavar="N", help="sizes of slopes' stores"
    )
    parser.add_argument(
        "--commands",
        nargs="+",
        choices=MEASURED,
        default=(),
        metavar="NAME",
        help="which commands slopes measures",
    )
    parser.add_argument(
        "--index-rows",
        type=int,
        metavar="N",
        help="rows of wholeindex: 65000000 is all",
    )
    options = parser.parse_args(arguments)
    # A command that is installed has its bytecode at hand; so have the measured ones.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    runs = options.runs or (1 if options.quick else 3)
    rows = []
    with tempfile.TemporaryDirectory(prefix="gosync-bench-") as folder:
        sizes = QUICK if options.quick else FULL
        if options.versions:
            sizes = replace(sizes, slopes=tuple(sorted(options.versions)))
        if options.index_rows:
            sizes = replace(sizes, index_rows=options.index_rows)
        setting = Setting(
            Path(folder),
            sizes,
            runs,
            options.real,
            options.listed,
            frozenset(options.commands),
        )
        for row in measure(setting, options.only or FIGURES):
            rows.append(row)
            print(" · ".join(row.cells()), file=sys.stderr, flush=True)
    print(json.dumps(document(rows), indent=2) if options.json else format_table(rows))
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
