"""``gosync release``: a private module's version from a folder or a git tag."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click

from gosync.cli.arguments import parse_module_version
from gosync.cli.interruptible import run_interruptible
from gosync.cli.options import CommonOptions, common_options, wait_lock_option
from gosync.cli.policylines import letting_in
from gosync.cli.progress import progress
from gosync.clock import SystemClock
from gosync.config.sizes import format_size
from gosync.config.telling import telling_of
from gosync.git.files import ReleaseSource
from gosync.git.tags import parse_repository, tag_source
from gosync.gomod.module import ModuleVersion
from gosync.gomod.pathmajor import split_path_version
from gosync.gomod.semver import is_valid
from gosync.release.folder import folder_source
from gosync.release.releasing import Released, check_name, release
from gosync.site.site import open_site
from gosync.status.files import tell_status
from gosync.text import printable

_EXIT_KEPT_OUT = 3


@click.command("release")
@click.argument("source", metavar="FOLDER|REPOSITORY@TAG")
@click.option(
    "--as",
    "wanted",
    required=True,
    metavar="PATH@VERSION",
    help="The module's path, which is private, and the version to release.",
)
@click.option(
    "--subdir",
    metavar="DIR",
    help="The module's folder in the repository; default: what the tag begins with.",
)
@click.option(
    "--allow-dirty",
    is_flag=True,
    help="Take files of the folder that no commit has.",
)
@click.option("--no-publish", is_flag=True, help="Leave the tree as it is.")
@wait_lock_option
@common_options
def release_(
    options: CommonOptions,
    source: str,
    wanted: str,
    subdir: str | None,
    allow_dirty: bool,
    no_publish: bool,
    wait_lock: float,
) -> int:
    """Release a private module's version from a folder or a git tag.

    The zip is the one that `go mod download` makes of the tag in direct mode. A version
    that is out never changes: another h1 is refused. Exits 3 where the policy or a
    scanner keeps it out.
    """
    config = options.load_config()
    mv = parse_module_version(wanted)
    with open_site(
        config.site_options(), command="gosync release", wait_lock_seconds=wait_lock
    ) as site:
        check_name(site, mv)
        with (
            _source(source, mv, subdir, allow_dirty=allow_dirty) as made_of,
            progress(show=options.show_progress) as watcher,
        ):
            run = partial(release, site, mv, made_of, watcher, publish=not no_publish)
            released = run_interruptible(run)
        if not no_publish:
            tell_status(site, telling_of(config))
    options.output.result("release", released, _lines(released))
    return _EXIT_KEPT_OUT if released.denied else 0


@contextmanager
def _source(
    source: str, mv: ModuleVersion, subdir: str | None, *, allow_dirty: bool
) -> Iterator[ReleaseSource]:
    folder = Path(source)
    if folder.is_dir():
        now = SystemClock().now().replace(microsecond=0)
        root = folder / (subdir or "")
        yield folder_source(root, now=now, allow_dirty=allow_dirty)
        return
    repository, tag = parse_repository(source)
    below = _folder_of(tag) if subdir is None else subdir.strip("/")
    major = split_path_version(mv.path)[1].lstrip("/")
    with tag_source(repository, tag, subdir=below) as found:
        if subdir is not None or not _has_major(found, major):
            yield found
            return
    with tag_source(repository, tag, subdir=f"{below}/{major}".lstrip("/")) as found:
        yield found


def _folder_of(tag: str) -> str:
    """Return the folder that a tag like ``sub/dir/v1.2.3`` is of."""
    folder, _, version = tag.rpartition("/")
    return folder if is_valid(version) else ""


def _has_major(source: ReleaseSource, major: str) -> bool:
    """Return whether the major version lies in a folder of its own, not at the root."""
    go_mod = f"{major}/go.mod"
    return major.startswith("v") and any(e.name == go_mod for e in source.files)


def _lines(released: Released) -> Iterator[str]:
    mv = ModuleVersion(released.module, released.version)
    what = "released" if released.is_new else "was here already, and is the same"
    if released.denied:
        what = "is in the store, and kept out of the tree"
    yield (
        f"{mv} {what}: {released.zip_h1},"
        f" {released.files} files, {format_size(released.zip_bytes)}"
    )
    if released.denied:
        yield printable(released.denied)
        yield f"next: {letting_in(mv, released.rule)}"
