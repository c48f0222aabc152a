"""A gosync that follows another one, and is followed itself: what each has is whole."""

from __future__ import annotations

import json
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.integration.serving import Serving
from tests.integration.site import Site
from tests.integration.steps import Stepper, chosen
from tests.integration.wreck import check_mended, check_ruins, indexed
from tests.simulator import Simulator
from tests.simulator.standard import module, source

A, B, C = "a.example/m", "b.example/n", "c.example/needed"
KILLS = 2  # of all steps, so many are tried


class Files:
    """A plain file server of a tree, that notes what it is asked for.

    Attributes:
        url: Where it is.
        asked: The paths, in order.
        before: Called with each path before it is answered.
    """

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[str] = []
        self.before: Callable[[str], None] = lambda _: None

    def take(self) -> list[str]:
        """Return what was asked since the last time."""
        asked, self.asked = self.asked, []
        return asked


@contextmanager
def file_server(tree: Path) -> Iterator[Files]:
    files = Files()

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args, directory=str(tree))

        def do_GET(self) -> None:
            files.before(self.path)
            files.asked.append(self.path)
            super().do_GET()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    files.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield files
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def publish(sim: Simulator) -> None:
    """Publish a module that needs another one's go.mod alone, and a third."""
    sim.log.grow(300)
    sim.publish(module(C, "v1.0.0"))
    needs = f"module {A}\n\ngo 1.21\n\nrequire {C} v1.0.0 // indirect\n"
    sim.publish(source(A, "v1.0.0", {"go.mod": needs, "a.go": "package m\n"}))
    sim.publish(module(B, "v1.0.0"))


def follower(folder: Path, sim: Simulator, url: str, **upstream: object) -> Site:
    """Return a site without selects that follows a tree or server."""
    return Site(folder, upstream={"follow": url, "sumdb": sim.gosumdb, **upstream})


def has_same(one: Site, other: Site) -> None:
    """Check that two sites show the same versions, each as whole as the other."""
    assert indexed(one.tree) == indexed(other.tree)
    assert one.listed() == other.listed()


def test_a_chain_of_three_each_asks_once_when_nothing_is_new(tmp_path: Path) -> None:
    with Simulator() as sim:
        publish(sim)
        first = Site(tmp_path / "first", sim)
        first.select([A, B], deps="build")
        first.sync()
        assert indexed(first.tree)["mod"] == [f"{C}@v1.0.0"]
        with (
            file_server(first.tree) as above,
            Serving(tmp_path, first.tree, environment=first.environment) as server,
        ):
            second = follower(tmp_path / "second", sim, above.url)
            second.sync()
            third = follower(tmp_path / "third", sim, f"file://{second.tree}")
            third.sync()
            beside = follower(tmp_path / "beside", sim, server.url)
            beside.sync()
            for each in (second, third, beside):
                has_same(first, each)
                each.check_proven(sim)
            assert "/index" not in above.take()

            assert second.sync().document["requests"] == 1
            assert above.take() == ["/index/state.json"]
            why = second.run("why", f"{B}@v1.0.0")
            assert f"follow {above.url}" in why.stdout
            assert "followed gosync" in second.people("config", "check")

            sim.log.grow(300)
            sim.publish(module(A, "v1.1.0"))
            first.sync("--refresh")
            first.run("withdraw", f"{B}@v1.0.0", "--reason", "a test")
            first.run("publish")
            for each in (second, third):
                each.sync()
                assert f"{A}@v1.1.0" in each.carried()
                each.check_proven(sim)
            asked = above.take()
            assert not [path for path in asked if B in path or path.endswith("list")]
            row = second.run("show", f"{B}@v1.0.0").document
            assert "unselected" in json.dumps(row)


def test_selects_choose_of_what_the_followed_one_has(tmp_path: Path) -> None:
    with Simulator() as sim:
        publish(sim)
        first = Site(tmp_path / "first", sim, modules=[A, B])
        first.sync()
        with file_server(first.tree) as above:
            second = follower(tmp_path / "second", sim, above.url)
            second.select(["a.example/*", B], versions="latest")
            second.sync()
            assert second.carried() == {f"{A}@v1.0.0", f"{B}@v1.0.0"}
            above.take()
            second.sync()
            assert above.take() == ["/index/state.json"]
            sim.publish(module(A, "v1.1.0"))
            sim.publish(module(B, "v1.1.0"))
            first.sync("--refresh")
            second.sync()
            assert second.listed() >= {f"{A}@v1.1.0", f"{B}@v1.1.0"}


def test_a_publish_in_between_is_read_again(tmp_path: Path) -> None:
    with Simulator() as sim:
        publish(sim)
        first = Site(tmp_path / "first", sim, modules=[A])
        first.sync()
        with file_server(first.tree) as above:
            second = follower(tmp_path / "second", sim, above.url)

            def publish_more(path: str) -> None:
                if (
                    path == "/index/files.json"
                    and "/index/files.json" not in above.asked
                ):
                    first.select([A, B])
                    first.sync()

            above.before = publish_more
            second.sync()
            has_same(first, second)
            assert above.asked.count("/index/files.json") == 2


def test_one_that_is_away_or_none_costs_nothing_that_is_here(tmp_path: Path) -> None:
    with Simulator() as sim:
        publish(sim)
        first = Site(tmp_path / "first", sim, modules=[A])
        first.sync()
        second = follower(tmp_path / "second", sim, f"file://{first.tree}", retries=0)
        second.sync()
        before = second.tree_files()
        shutil.move(first.tree, tmp_path / "away")
        result = second.sync(expect=None)
        assert result.code != 0
        assert "no tree or server of a gosync" in result.stdout
        assert second.tree_files().keys() == before.keys()
        second.configure({"index": "http://127.0.0.1:1/index"})
        assert second.run("sync", expect=2).code == 2
        never = follower(tmp_path / "never", sim, f"file://{tmp_path}/none", retries=0)
        assert never.sync(expect=None).code != 0


@pytest.mark.sampled
def test_killed_at_any_step_its_own_followers_never_miss_a_file(tmp_path: Path) -> None:
    with Simulator() as sim, Stepper() as stepper:
        publish(sim)
        first = Site(tmp_path / "first", sim)
        first.select([A], deps="build")
        first.sync()
        second = follower(tmp_path / "second", sim, f"file://{first.tree}")
        second.sync()
        third = follower(tmp_path / "third", sim, f"file://{second.tree}")
        third.sync()
        start, start_of_third = tmp_path / "start", tmp_path / "start-of-third"
        shutil.copytree(second.folder, start)
        shutil.copytree(third.folder, start_of_third)
        sim.log.grow(300)
        sim.publish(module(A, "v1.1.0"))
        first.select([A, B, C], deps="build")
        first.sync("--refresh")

        def begin() -> None:
            for site, saved in ((second, start), (third, start_of_third)):
                shutil.rmtree(site.folder)
                shutil.copytree(saved, site.folder)

        whole = stepper.run(second, "sync")
        assert whole.code == 0, whole.stderr
        for number in chosen(whole.steps, KILLS, each=3):
            begin()
            killed = stepper.run(second, "sync", kill_at=number)
            assert killed.code == -signal.SIGKILL
            check_ruins(second)
            third.sync()
            check_mended(third)
            second.sync()
            check_mended(second)
            has_same(first, second)
            third.sync()
            has_same(first, third)
