"""``gosync demo``: the whole loop on a sample upstream, nothing else needed."""

from __future__ import annotations

from pathlib import Path

import anyio
import click

from gosync.cli.options import CommonOptions, common_options
from gosync.cli.progress import progress
from gosync.demo.story import Demo, DemoResult


@click.command()
@click.argument(
    "folder", metavar="[DIR]", type=click.Path(path_type=Path), default="gosync-demo"
)
@click.option(
    "--s3",
    "in_buckets",
    is_flag=True,
    help="Keep store and tree in an object store, SeaweedFS, if it is here.",
)
@common_options
def demo(options: CommonOptions, folder: Path, in_buckets: bool) -> None:
    """Sync, prove and publish a sample, build against it, carry it over a gap.

    A poisoned zip is caught on the way. Everything happens in DIR (default:
    ./gosync-demo) and on loopback.
    """
    with progress(show=options.show_progress) as watcher:
        say = options.output.say
        story = Demo(folder.absolute(), say, watcher, in_buckets=in_buckets)
        result = anyio.run(story.run)
    options.output.result(
        "demo",
        {
            "folder": str(result.folder),
            "versions": result.versions,
            "checked_by": result.checked_by,
            "program_output": result.output,
            "caught": result.caught,
            "evidence": str(result.evidence),
            "bundle": str(result.bundle),
            "inside": str(result.inside),
        },
        [
            "",
            "Look at:",
            f"  {result.folder}/gosync.toml        the configuration",
            *_left_outside(result, in_buckets=in_buckets),
            f"  {result.inside}             the site on the other side of the gap",
            *_next_steps(result, in_buckets=in_buckets),
        ],
    )


def _left_outside(result: DemoResult, *, in_buckets: bool) -> list[str]:
    """Return where to look at what the site outside has; buckets ended with it."""
    if in_buckets:
        return []
    return [
        f"  {result.folder}/public/index.html  what people see of the mirror",
        f"  {result.evidence}  the evidence",
    ]


def _next_steps(result: DemoResult, *, in_buckets: bool) -> list[str]:
    """Return what to try next, in the folder whose store is still there."""
    verbs = "gosync status, list, show; and gosync init for your own mirror."
    if not in_buckets:
        return [f"Then: {verbs}"]
    return [
        "The object store has ended, and with it what it had: store and tree outside.",
        f"Then: cd {result.inside}; {verbs}",
    ]
