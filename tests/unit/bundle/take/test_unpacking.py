"""Versions unpacked by a process of its own: the same as here, and nothing is lost."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from multiprocessing import active_children
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from gosync.bundle.format.names import HEADER_NAME
from gosync.bundle.make.readback import OwnBases
from gosync.bundle.read import chunks
from gosync.bundle.read.folder import BundleFolder
from gosync.bundle.take.plan import Taking
from gosync.bundle.take.unpacking import Unpacker
from gosync.catalog.versions import Need
from gosync.cli.main import run
from gosync.errors import StoreError, VolumeError
from gosync.signing.keys import KeyKind, format_public_key, generate_key
from gosync.store.digest import digest_of
from gosync.store.staging import LocalStaged
from gosync.work.processes import WORTH_BYTES
from gosync.work.threads import HEARTBEAT_THREAD
from tests.alone import alone
from tests.unit.bundle.outside import Outside, changed, source

MODULES = 6


class Here:
    """Counts the zips whose bytes this process wrote."""

    def __init__(self) -> None:
        self.written: set[Path] = set()
        write = LocalStaged.write

        def counted(staged: LocalStaged, data: bytes) -> None:
            self.written.add(staged.path)
            write(staged, data)

        LocalStaged.write = counted  # type: ignore[method-assign,assignment]


def _bundle(outside: Outside) -> BundleFolder:
    """Return a bundle of whole modules, go.mod files alone, and one patch."""
    outside.add("example.com/m0", "v1.0.0", source(0))
    outside.publish()
    outside.bundle()
    outside.add("example.com/m0", "v1.1.0", changed(source(0), 0))
    for number in range(1, MODULES):
        outside.add(f"example.com/m{number}", "v1.0.0", source(number))
    outside.add("example.com/alone", "v1.0.0", source(77), need=Need.MOD)
    outside.publish()
    bundle = outside.bundle()
    assert sum(s.base is not None for s in bundle.manifest.segments) == 1
    return bundle


def _unpack(
    outside: Outside,
    bundle: BundleFolder,
    *,
    apart: bool,
    after_first: Callable[[Unpacker], object] = lambda _: None,
) -> tuple[list[tuple[object, ...]], int, str]:
    """Return what comes, how many zips this process wrote, and what went wrong."""
    bundle.header = replace(bundle.header, zip_bytes=WORTH_BYTES if apart else 0)
    versions = frozenset(entry.mv for entry in bundle.manifest.travelling())
    here, found, said = Here(), [], ""
    bases = OwnBases(outside.site.blobs, outside.site.catalog.versions.all_rows())
    with Unpacker(bundle, outside.site.blobs) as unpacker:
        try:
            for each in unpacker.unpack(Taking(bundle, versions), bases):
                data = None
                if each.zip is not None:
                    with each.zip as staged:
                        data = staged.read_at(0, staged.size_bytes + 1)
                        assert digest_of(data) == staged.digest
                found.append((str(each.entry.mv), each.info, each.mod, data))
                if len(found) == 1:
                    after_first(unpacker)
        except (StoreError, VolumeError) as error:
            said = str(error)
    assert not list((outside.site.options.store_path / "staging").iterdir())
    return sorted(found), len(here.written), said


def _kill_process(_: Unpacker) -> None:
    (child,) = active_children()
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    child.join()


def _spoil(bundle: BundleFolder) -> None:
    """Damage the last segment that is no patch."""
    segment = [s for s in bundle.manifest.segments if s.holds == "modules"][-1]
    volume = Path(bundle.name) / "vol-0001.zst"
    data = bytearray(volume.read_bytes())
    data[segment.end - 3] ^= 1
    volume.write_bytes(data)


def _story(there: Connection, folder: Path) -> None:
    chunks.CHUNK_BYTES = 256  # type: ignore[attr-defined]
    with Outside(folder) as outside:
        bundle = _bundle(outside)
        said = {
            "here": _unpack(outside, bundle, apart=False),
            "apart": _unpack(outside, bundle, apart=True),
            "ended": _unpack(
                outside, bundle, apart=True, after_first=lambda u: u.kill()
            ),
            "killed": _unpack(outside, bundle, apart=True, after_first=_kill_process),
        }
        _spoil(bundle)
        for name, apart in (("broken here", False), ("broken apart", True)):
            fresh = BundleFolder.open(Path(bundle.name))
            said[name] = _unpack(outside, fresh, apart=apart)
    there.send(said)


def test_a_process_unpacks_what_this_one_would(tmp_path: Path):
    said = alone(_story, tmp_path)

    found, written, error = said["here"]
    assert (len(found), written, error) == (MODULES + 1, MODULES, "")
    assert said["apart"] == (found, 1, ""), "only the patch is unpacked here"

    ended, written, error = said["ended"]
    assert (ended, error) == (found, ""), "what is left is unpacked here"
    assert written > 1

    killed, _, error = said["killed"]
    assert len(killed) == 1
    assert "unpacking: the process that worked on it was killed" in error

    broken, _, error = said["broken here"]
    assert "vol-0001.zst" in error
    assert said["broken apart"][0] == broken
    assert said["broken apart"][2] == error


def _take_in(there: Connection, folder: Path) -> None:
    """Import a bundle as the command does; send which threads there were by then."""
    with Outside(folder / "outside") as outside:
        outside.add("example.com/m", "v1.0.0", source(0))
        outside.publish()
        bundle, database = Path(outside.bundle().name), outside.log.verifier_key
    key, inside = generate_key(KeyKind.ED25519), folder / "inside"
    inside.mkdir()
    header = (bundle / HEADER_NAME).read_bytes()
    (bundle / f"{HEADER_NAME}.sig").write_bytes(key.sign(header))
    public = format_public_key(key.public()).strip()
    (inside / "trust.toml").write_text(f'[[key]]\nname = "k"\npublic = "{public}"\n')
    upstream = f'[upstream]\nproxies = "off"\nsumdb = "{database}"\n'
    (inside / "gosync.toml").write_text(upstream)
    threads: list[str] = []

    begin = Unpacker.__init__

    def watched(unpacker: Unpacker, *args: Any) -> None:
        threads.extend(each.name for each in threading.enumerate())
        begin(unpacker, *args)

    Unpacker.__init__ = watched  # type: ignore[method-assign,assignment]
    os.chdir(inside)
    there.send((run(["bundle", "import", str(bundle), "--quiet"]), threads))


def test_an_import_has_no_thread_when_it_forks_who_unpacks(tmp_path: Path):
    code, threads = alone(_take_in, tmp_path)

    assert code == 0
    assert set(threads) <= {"MainThread", HEARTBEAT_THREAD}
    assert "MainThread" in threads
