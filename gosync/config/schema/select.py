"""Sections of what is carried, and for how long."""

from __future__ import annotations

from gosync.config.schema.section import Days, Section
from gosync.gomod.deps import Deps


class SelectSection(Section, frozen=True):
    """One ``[[select]]``.

    The keys from ``prereleases`` to ``max_zip`` concern selectors without a
    version; what they mean is told by gosync.site.rules.

    Attributes:
        modules: Selectors: paths, path@version, path@latest, patterns.
        modules_file: A file with one selector a line.
        tools: Programs to install, like "golang.org/x/tools/gopls@latest": what
            ``go install`` of each asks for.
        versions: "all", "latest", "latest:3", "per-minor", ranges like
            ">=v1.2.0 <v2.0.0", or a range and one of the others.
        deps: Which dependencies come along: "none", "build", "tests" or "all".
        together: Whether whoever requires all of its modules at once finds all that
            these select together, not only who requires any one of them.
        prereleases: Whether pre-releases count.
        pseudo: Whether pseudo-versions that the index names count.
        retracted: Whether versions count that their author took back.
        exclude: Paths, patterns, path@version, path@RANGE that do not count.
        min_age: Days that a version must have been known to the index.
        since: Date or time; versions that were known before do not count.
        max_zip: The largest zip, like "100MiB"; "" for no limit.
    """

    modules: tuple[str, ...] = ()
    modules_file: str = ""
    versions: str = "all"
    tools: tuple[str, ...] = ()
    deps: Deps = Deps.NONE
    together: bool = False
    prereleases: bool = True
    pseudo: bool = False
    retracted: bool = False
    exclude: tuple[str, ...] = ()
    min_age: Days = 0
    since: str = ""
    max_zip: str = ""


class ProjectSection(Section, frozen=True):
    """One ``[[project]]``: a Go module or workspace that is built inside.

    Attributes:
        path: Its folder: go.mod, go.sum, or go.work, go.work.sum.
        deps: Which dependencies come along: "none", "build" or "all"; "tests" is
            the same as "build".
        record: Instead of a folder: a file of `gosync record`; what it names is
            carried, and nothing else.
    """

    path: str = ""
    deps: Deps = Deps.BUILD
    record: str = ""


class ToolchainsSection(Section, frozen=True):
    """``[toolchains]``: what GOTOOLCHAIN=auto finds inside.

    Attributes:
        versions: Versions of Go, like "1.23.4" or "go1.24.0".
        platforms: Platforms, like "linux-amd64"; for these, the toolchains that tools
            ask for are carried as well.
        archives: Whether the tree has an archive of Go, in ``dl/``, for each toolchain
            that is carried: as large as that again.
    """

    versions: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    archives: bool = True


class PlanSection(Section, frozen=True):
    """``[plan]``.

    Attributes:
        confirm_above: A sync on a terminal asks before it fetches zips of more bytes
            than this, like "10GiB".
    """

    confirm_above: str = "10GiB"


class PruneSection(Section, frozen=True):
    """``[prune]``.

    Attributes:
        grace_days: How long what is no longer selected is kept.
    """

    grace_days: Days = 30
