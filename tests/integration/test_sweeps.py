"""Sweeps on real Dask workers: the same answers, whoever is lost meanwhile."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from distributed import Client, Security

from gosync.errors import UnavailableError
from gosync.scale.options import SchedulerAddress, SweepTls
from gosync.scale.sweep import DaskSweep, open_sweep
from gosync.work.sweep import sweep_in_order
from tests.children import have_ended
from tests.integration.site import OK, UNAVAILABLE, USAGE, Site
from tests.simulator import Simulator
from tests.simulator.standard import module
from tests.sweepsteps import nothing, process_of, stand_until

_APART = ("env",)  # in a process of its own, as users run it
_TIMES = ("begun_at", "ended_at", "kept_in", "continues")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Simulator() as sim:
        names = [f"sweep.example/m{number}" for number in range(3)]
        for name in names:
            sim.publish(module(name, "v1.0.0"))
        site = Site(tmp_path_factory.mktemp("site"), sim, modules=names)
        site.sync(expect=OK)
        yield site


def _told(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in _TIMES}


def test_a_sweep_says_what_verify_says_and_leaves_nothing(site: Site):
    alone = site.run("verify", "--offline", "--fresh", expect=OK)
    shared = site.run(
        *("verify", "--offline", "--fresh", "--scheduler", "local:1"),
        prefix=_APART,
        expect=OK,
    )
    assert _told(shared.document) == _told(alone.document)
    assert shared.document["checked"] == 3
    assert shared.stderr == ""
    assert list((site.folder / "tmp").iterdir()) == []


def test_nobody_there_is_said_with_what_to_do(site: Site):
    refused = site.run(
        *("verify", "--scheduler", "tls://127.0.0.1:9"), prefix=_APART, expect=USAGE
    )
    assert "there is no certificate" in refused.stderr
    assert "scale.ca_file" in refused.stderr


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskSweep]:
    with open_sweep(SchedulerAddress(workers=2), SweepTls()) as sweep:
        yield sweep


@pytest.mark.long
def test_every_step_is_answered_though_a_worker_is_killed(
    sweep: DaskSweep, tmp_path: Path
):
    gate = tmp_path / "gate"
    first = sweep.begin(process_of, 0).result()
    with closing(
        sweep_in_order(sweep, stand_until, [str(gate) for _ in range(12)])
    ) as results:
        time.sleep(0.5)  # until both stand in a step
        os.kill(first, signal.SIGKILL)
        gate.touch()
        done = list(results)

    assert len(done) == 12
    assert list(sweep_in_order(sweep, nothing, range(40))) == list(range(40))
    assert have_ended([first])


@pytest.mark.long
def test_workers_of_this_machine_listen_on_loopback_with_tls_alone(sweep: DaskSweep):
    pids = {os.getpid(), *sweep_in_order(sweep, process_of, range(12))}
    listening = {at for pid in pids for at in _listening(pid)}
    assert listening
    assert {host for host, _ in listening} == {"0100007F"}  # 127.0.0.1
    url = sweep.scheduler
    assert url.startswith("tls://127.0.0.1:")
    plain = SchedulerAddress(url=url.replace("tls://", "tcp://"))
    with pytest.raises(UnavailableError), open_sweep(plain, SweepTls()):
        raise AssertionError


def _listening(pid: int) -> Iterator[tuple[str, str]]:
    """Yield the local addresses that a process listens at."""
    held = {
        str(each.readlink())
        for each in Path(f"/proc/{pid}/fd").iterdir()
        if each.is_symlink()
    }
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in held:
                host, port = fields[1].split(":")
                yield host, port


class Dask:
    """A scheduler and one worker, each a process of its own, as a cluster has them."""

    def __init__(self, stack: ExitStack, folder: Path, tls: dict[str, str]) -> None:
        self._stack, self._folder = stack, folder
        self._tls = [f"--tls-{name}={file}" for name, file in tls.items()]
        self.protocol = "tls" if tls else "tcp"
        self.scheduler = self._start(
            *("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"),
            *("--scheduler-file", str(folder / "scheduler.json"), *self._tls),
            *("--protocol", self.protocol),
        )
        self.url = self._address()
        self.worker = self._start(
            *("worker", self.url, "--no-nanny", "--nthreads", "1", "--no-dashboard"),
            *("--host", "127.0.0.1", "--local-directory", str(folder), *self._tls),
        )

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        log = self._stack.enter_context(
            (self._folder / f"{arguments[0]}.log").open("wb")
        )
        process = self._stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "dask", *arguments],
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        )
        self._stack.callback(process.kill)
        return process

    def _address(self) -> str:
        file = self._folder / "scheduler.json"
        for _ in range(600):
            if file.exists() and (text := file.read_text()).endswith("}"):
                return str(json.loads(text)["address"])
            time.sleep(0.05)
        raise AssertionError((self._folder / "scheduler.log").read_text())


@contextmanager
def _dask(folder: Path, tls: dict[str, str] | None = None) -> Iterator[Dask]:
    with ExitStack() as stack:
        yield Dask(stack, folder, tls or {})


@pytest.mark.long
def test_a_scheduler_is_met_with_the_configured_certificates(
    site: Site, tmp_path: Path
):
    made = Security.temporary()
    names = {"ca-file": "ca_file", "cert": "client_cert", "key": "client_key"}
    parts = (made.tls_ca_file, made.tls_worker_cert, made.tls_worker_key)
    files = {name: tmp_path / f"{name}.pem" for name in names}
    for file, text in zip(files.values(), parts, strict=True):
        file.write_text(text)
    alone = site.run("verify", "--offline", "--fresh", expect=OK)
    with _dask(tmp_path, {name: str(file) for name, file in files.items()}) as dask:
        line = ("verify", "--offline", "--fresh", "--scheduler", dask.url)
        site.run(*line, prefix=_APART, expect=USAGE)  # it has no certificate
        site.declare(scale={names[name]: str(file) for name, file in files.items()})
        shared = site.run(*line, prefix=_APART, expect=OK)
    assert _told(shared.document) == _told(alone.document)


@contextmanager
def _held(dask: Dask, gate: Path) -> Iterator[Client]:
    """Keep the worker busy, so that what comes next waits, until the gate is there."""
    with Client(dask.url, set_as_default=False) as client:
        held = client.submit(stand_until, str(gate), pure=False)
        _wait_for_tasks(client, 1)
        yield client
        held.release()


def _wait_for_tasks(client: Client, count: int) -> None:
    for _ in range(1200):
        if client.run_on_scheduler(_tasks) >= count:
            return
        time.sleep(0.05)
    raise AssertionError(client.run_on_scheduler(_tasks))


def _tasks(dask_scheduler: Any) -> int:
    return len(dask_scheduler.tasks)


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_sweep_and_the_next_one_goes_on(
    site: Site, tmp_path: Path, number: signal.Signals
):
    gate = tmp_path / "gate"
    with _dask(tmp_path) as dask, _held(dask, gate) as client:
        line = ("verify", "--offline", "--fresh", "--scheduler", dask.url)
        with _start(site, *line) as process:
            _wait_for_tasks(client, 2)
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
        assert process.returncode == 128 + number, err
        assert json.loads(out)["left"] == 3
        gate.touch()
        again = site.run("verify", "--offline", "--scheduler", dask.url, prefix=_APART)
    assert (again.code, again.document["checked"]) == (OK, 3)
    assert again.document["continues"] is not None


@pytest.mark.long
def test_a_scheduler_that_goes_away_is_unavailable(site: Site, tmp_path: Path):
    gate = tmp_path / "gate"
    with _dask(tmp_path) as dask, _held(dask, gate) as client:
        line = ("verify", "--offline", "--fresh", "--scheduler", dask.url)
        with _start(site, *line) as process:
            _wait_for_tasks(client, 2)
            dask.scheduler.kill()
            _, err = process.communicate(timeout=60)
        assert process.returncode == UNAVAILABLE
        assert "the scheduler of the sweep is gone" in err
        gate.touch()
    again = site.run("verify", "--offline", expect=OK)
    assert (again.document["checked"], again.document["left"]) == (3, 0)


@pytest.mark.long
def test_no_worker_outlives_a_gosync_that_is_killed(site: Site, sweep: DaskSweep):
    with _start(site, "verify", "--offline", "--scheduler", "local:2") as process:
        while not (below := _below(process.pid)) and process.poll() is None:
            time.sleep(0.02)
        process.kill()
    assert below
    assert have_ended(below)


def _below(process: int) -> list[int]:
    try:
        text = Path(f"/proc/{process}/task/{process}/children").read_text()
    except OSError:
        return []
    return [int(each) for each in text.split()]


def _start(site: Site, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        site.command(*arguments),
        cwd=site.folder,
        env=site.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.long
@pytest.mark.slow(15)
def test_every_verb_does_by_workers_what_it_does_alone(site: Site, tmp_path: Path):
    """Import, licences and a bundle, over a real cluster."""
    said = []
    for name, options in (("alone", ()), ("shared", ("--scheduler", "local:2"))):
        twin = site.twin(tmp_path / name)
        twin.select([])
        twin.declare(target=[{"name": "inner"}])
        document = twin.run(
            *("import", str(site.tree), *options), prefix=_APART, expect=OK
        ).document
        del document["published"]["root"]
        with closing(sqlite3.connect(twin.store / "catalog.sqlite")) as catalog:
            catalog.execute("DELETE FROM licences")
            catalog.commit()
        licences = twin.run("licences", *options, prefix=_APART, expect=OK).document
        line = ("bundle", "create", "inner", "--out", str(twin.folder / "out"))
        made = twin.run(*line, *options, prefix=_APART, expect=OK).document
        volumes = {
            each.name: each.read_bytes()
            for each in (twin.folder / "out").rglob("vol-*.zst")
        }
        assert volumes
        said.append((document, licences, made["proven"], volumes))
        assert list((twin.folder / "tmp").iterdir()) == []
    assert said[0] == said[1]
