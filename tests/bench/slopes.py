"""What commands cost over stores of 10 000, 100 000 and a million versions.

Start-up, status, and whatever is about one module or ten new versions must not grow;
what is about all versions must grow no faster than these. Told are the processor time
and the peak of memory at the largest size, times what they are at the smallest. What
all sizes took is printed as it is measured. A million versions take 20 GB of disk and
some hours of a core; ``--versions`` names other sizes, ``--commands`` the commands that
are measured beside what makes the stores::

    python -m tests.bench --only slopes [--versions 10000 100000]
                          [--commands "bundle import"]

The tree is first published with a clock of the day before, as it would have been, so
that ten new versions are a day's news::

    python -m tests.bench.slopes publish CONFIG
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

import anyio
import msgspec

from gosync.clock import SystemClock
from gosync.config import load_config
from gosync.site.site import open_site
from gosync.site.tree import publish_tree
from gosync.work.progress import NoProgress
from tests.bench.corpus import MIB
from tests.bench.events import served_index
from tests.bench.measure import GOSYNC, Cost, run, settle
from tests.bench.setting import Setting
from tests.bench.slopesite import VERSIONS_EACH, SlopeSite, path_of
from tests.bench.table import Row, beside, within

_FLAT_TIMES = 2.0
_LINEAR_TIMES = 1.5  # of the versions' own ratio
_MODULE = path_of(5)
_AWAY = 75
_VERIFY = ("verify", "--offline", "--fresh", "--quiet")
_GO_MOD = f"""\
module project.example/p

go 1.21

require {_MODULE} v1.3.0
"""


class Command(msgspec.Struct, frozen=True):
    """A command that is measured.

    Attributes:
        name: What it is called in the table.
        arguments: Of gosync.
        is_flat: Whether it may not grow with the store.
        exit_code: How it ends.
    """

    name: str
    arguments: tuple[str, ...]
    is_flat: bool = True
    exit_code: int = 0


_COMMANDS = (
    Command("--version", ("--version",)),
    Command("config check", ("config", "check")),
    Command("status", ("status",)),
    Command("list MODULE", ("list", _MODULE)),
    Command("show", ("show", f"{_MODULE}@v1.3.0")),
    Command("closure", ("closure", "project", "--tree", "tree")),
    Command("licences MODULE", ("licences", _MODULE)),
    Command("policy list", ("policy", "list")),
    Command("prune --dry-run", ("prune", "--dry-run"), is_flat=False),
    Command("bundle list", ("bundle", "list")),
    Command("requests list", ("requests", "list")),
    Command("sync, nothing new", ("sync", "--quiet")),
    Command("publish, nothing new", ("publish",)),
    Command("why", ("why", f"{_MODULE}@v1.3.0"), is_flat=False),
    Command("plan", ("plan", "--no-sizes", "--json"), is_flat=False),
    Command("list --json", ("list", "--json"), is_flat=False),
    Command("backup", ("backup", "copies"), is_flat=False),
    Command(
        "audit, nobody answers", ("audit", "--quiet"), is_flat=False, exit_code=_AWAY
    ),
    Command("verify of a thousandth", (*_VERIFY, "--subset", "1/1000"), is_flat=False),
)
_CREATE = Command(
    "bundle create", ("bundle", "create", "--quiet", "--out", "media"), is_flat=False
)
# Each once: they take minutes at the largest size, or are other ones the second time.
_ONCE = (
    Command("verify", _VERIFY, is_flat=False),
    Command("licences, first", ("licences", "--json"), is_flat=False),
    Command("licences", ("licences", "--json"), is_flat=False),
    Command("sbom --tree", ("sbom", "--tree", "--out", "cyclone.json"), is_flat=False),
    Command(
        "sbom --tree, SPDX",
        ("sbom", "--tree", "--format", "spdx", "--out", "spdx.json"),
        is_flat=False,
    ),
    _CREATE,
)
_IMPORT = Command("bundle import", ("bundle", "import", "--quiet"), is_flat=False)
_KEY = ("key", "new", "packer", "--json")
_BUNDLES = """

[[target]]
name = "inside"
keys = ["packer.key"]
"""
_INSIDE = """\
[upstream]
proxies = "off"
sumdb = "off"

[bundle]
trust = "trust.toml"
"""
_TRUST = """\
[[key]]
name = "packer"
public = "{}"
"""
_FIRST = Command("publish, first", (), is_flat=False)
_SELECT = Command("sync, select all", ("sync", "--quiet"), is_flat=False)
_SELECT_NEW = Command("sync, 10 new", ("sync", "--quiet", "--no-publish"))
_ADDED = Command("publish, 10 new", ("publish",))
MEASURED = tuple(each.name for each in (*_COMMANDS, *_ONCE, _IMPORT, _ADDED))


def slopes(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    costs: dict[Command, dict[int, Cost]] = {}
    with served_index(0) as url:
        for count in setting.sizes.slopes:
            for command, cost in _measure(setting, count, f"{url}/index"):
                costs.setdefault(command, {})[count] = cost
                mebibytes = cost.peak_bytes / MIB
                line = f"{cost.cpu_seconds:.2f} s, {mebibytes:.0f} MiB"
                print(f"{command.name} at {count}: {line}", file=sys.stderr, flush=True)
    for command, by_count in costs.items():
        yield from _rows(command, by_count)


def _rows(command: Command, costs: dict[int, Cost]) -> Iterator[Row]:
    least, most = min(costs), max(costs)
    small, large = costs[least], costs[most]
    yield beside(
        f"{command.name} over {most} versions: CPU",
        large.cpu_seconds,
        small.cpu_seconds,
        unit="s",
        peer=f"over {least}",
    )
    limit = _FLAT_TIMES if command.is_flat else _LINEAR_TIMES * most / least
    times = large.cpu_seconds / small.cpu_seconds
    figure = f"{command.name}: times what it takes over {least}"
    yield within(f"{figure}: CPU", [times], limit=limit, unit="times")
    times = large.peak_bytes / small.peak_bytes
    yield within(f"{figure}: memory", [times], limit=limit, unit="times")


def _measure(
    setting: Setting, count: int, index: str
) -> Iterator[tuple[Command, Cost]]:
    folder = setting.room(f"slopes-{count}")
    site = SlopeSite(folder)
    site.fill(count, index=index)
    _write_target(folder)
    (folder / "project").mkdir()
    (folder / "project/go.mod").write_text(_GO_MOD)
    settle()
    publish = (sys.executable, "-m", "tests.bench.slopes", "publish", "gosync.toml")
    yield _FIRST, run(publish, cwd=folder)
    yield _SELECT, _run(_SELECT, folder)
    for command in _COMMANDS:
        if not setting.measures(command.name):
            continue
        costs = [_run(command, folder) for _ in range(setting.runs)]
        yield command, _middle(costs)
    for command in _ONCE:
        if setting.measures(command.name) or (
            command is _CREATE and setting.measures(_IMPORT.name)
        ):
            yield command, _run(command, folder)
    if setting.measures(_IMPORT.name):
        yield _IMPORT, _import(folder)
    if setting.measures(_ADDED.name):
        yield _ADDED, _middle(_publish_new(setting, count, site))
    site.close()


def _publish_new(setting: Setting, count: int, site: SlopeSite) -> list[Cost]:
    """Publish ten new versions, as often as each command is run."""
    costs = []
    for number in range(setting.runs):
        site.admit(_new(count // VERSIONS_EACH, number))
        _run(_SELECT_NEW, site.folder)  # as the pass that brought them selects them
        costs.append(_run(_ADDED, site.folder))
    return costs


def _run(command: Command, folder: Path) -> Cost:
    line = (*GOSYNC, *command.arguments)
    return run(line, cwd=folder, exit_code=command.exit_code)


def _write_target(folder: Path) -> None:
    """Write the key and the target that a bundle is for, and the site inside."""
    run((*GOSYNC, *_KEY), cwd=folder)
    with (folder / "gosync.toml").open("a") as file:
        file.write(_BUNDLES)
    (folder / "inside").mkdir()
    public = (folder / "packer.key.pub").read_text().strip()
    (folder / "inside/gosync.toml").write_text(_INSIDE)
    (folder / "inside/trust.toml").write_text(_TRUST.format(public))


def _import(folder: Path) -> Cost:
    """Take in the bundle that was made, into a store and a tree that are new."""
    (bundle,) = (folder / "media").iterdir()
    return run((*GOSYNC, *_IMPORT.arguments, bundle), cwd=folder / "inside")


def _middle(costs: list[Cost]) -> Cost:
    """Return the run whose processor time is the median's."""
    middle = median(cost.cpu_seconds for cost in costs)
    return min(costs, key=lambda cost: abs(cost.cpu_seconds - middle))


def _new(modules: int, number: int) -> list[tuple[int, int]]:
    """Return ten versions that are new: five of new modules."""
    old = [(number + n * modules // 5, VERSIONS_EACH + number) for n in range(5)]
    return [*old, *((modules + 5 * number + n, 0) for n in range(5))]


class _Yesterday(SystemClock):
    """The clock of the day before yesterday: longer ago than a zone is wide."""

    def now(self) -> datetime:
        return super().now() - timedelta(days=2)


def _publish(config_file: Path) -> None:
    options = load_config(config_file, {}).site_options()
    with open_site(options, command="bench", clock=_Yesterday()) as site:
        anyio.run(publish_tree, site, None, NoProgress())


if __name__ == "__main__":
    _publish(Path(sys.argv[2]))
