"""``h1:`` of the corpus, against Go's own dirhash.HashZip.

One thread stands beside one goroutine, two beside two. Both are told the same
files and time themselves; the hashes must agree. Go's program is built here, from
the source that the go command vendors.

Ours remembers the entries it saw, as the gate does, and begins each run knowing
nothing. What it does with each zip by itself is shown as well, for information.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import msgspec

from gosync.gomod.dirhash import hash_zip
from gosync.gomod.seen import SeenEntries
from tests.bench.measure import run
from tests.bench.setting import Setting
from tests.bench.table import Row, faster
from tests.simulator.goclient import GoClient

_DIRHASH = "src/cmd/vendor/golang.org/x/mod/sumdb/dirhash/hash.go"
_MAIN_GO = """\
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"strconv"
	"sync"
	"time"

	"hash.example/bench/dirhash"
)

func main() {
	threads, _ := strconv.Atoi(os.Args[1])
	list, err := os.Open(os.Args[2])
	if err != nil {
		panic(err)
	}
	var files []string
	for lines := bufio.NewScanner(list); lines.Scan(); {
		files = append(files, lines.Text())
	}
	hashes := make([]string, len(files))
	next := make(chan int, len(files))
	for i := range files {
		next <- i
	}
	close(next)
	begun := time.Now()
	var all sync.WaitGroup
	for range threads {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := range next {
				h1, err := dirhash.HashZip(files[i], dirhash.Hash1)
				if err != nil {
					panic(err)
				}
				hashes[i] = h1
			}
		}()
	}
	all.Wait()
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"seconds": time.Since(begun).Seconds(),
		"hashes":  hashes,
	})
}
"""


_OURS = (sys.executable, "-m", "tests.bench.hashing")
_REMEMBERING = "remembering"
_ALONE = "each alone"
_COMPARED = (
    (1, _REMEMBERING, 2.5),
    (2, _REMEMBERING, 2.5),
    (1, _ALONE, None),
    (2, _ALONE, None),
)


class Hashed(msgspec.Struct):
    """What a program that hashes prints.

    Attributes:
        seconds: How long it took, start-up left out.
        hashes: The hashes, in the order of the files.
    """

    seconds: float
    hashes: list[str]


def hash_zips(setting: Setting) -> Iterator[Row]:
    """Measure it."""
    zips = setting.corpus.zips()
    folder = setting.room("hash")
    files = folder / "files"
    files.write_text("".join(f"{path}\n" for path in zips))
    with GoClient(folder / "go", goproxy="off", gosumdb="off") as client:
        program = build_peer(client)
        for threads, manner, target in _COMPARED:
            pairs = []
            for _ in range(2 * setting.runs - 1):
                mine = time_hashes((*_OURS, str(threads), files, manner), folder)
                theirs = time_hashes((program, str(threads), files), folder)
                assert mine.hashes == theirs.hashes
                pairs.append((mine.seconds, theirs.seconds))
            figure = f"h1 of {len(zips)} zips, {threads} thread{'s' * (threads > 1)}"
            if manner == _ALONE:
                figure += f", {manner}"
            yield faster(figure, pairs, peer="dirhash.HashZip", target=target)


def time_hashes(command: Sequence[str | Path], folder: Path) -> Hashed:
    """Run a program that hashes, and return what it prints."""
    return msgspec.json.decode(run(command, cwd=folder).output, type=Hashed)


def build_peer(client: GoClient) -> Path:
    """Build Go's program: THREADS and a file with the zips' names are its arguments."""
    (client.work / "go.mod").write_text("module hash.example/bench\n\ngo 1.22\n")
    (client.work / "main.go").write_text(_MAIN_GO)
    (client.work / "dirhash").mkdir()
    root = Path(client.run("env", "GOROOT").strip())
    shutil.copy(root / _DIRHASH, client.work / "dirhash")
    client.run("build", "-mod=mod", "-o", "hash", ".")
    return client.work / "hash"


def hash_file(path: str, seen: SeenEntries | None) -> str:
    """Return the h1 of one file."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        size_bytes = os.fstat(descriptor).st_size
        return hash_zip(
            lambda at, size: os.pread(descriptor, size, at), size_bytes, seen=seen
        )
    finally:
        os.close(descriptor)


def hash_all(threads: int, files: Sequence[str], seen: SeenEntries | None) -> Hashed:
    """Hash files on so many threads; with one, on this one."""
    hash_one = partial(hash_file, seen=seen)
    begun = time.perf_counter()
    if threads == 1:
        hashes = list(map(hash_one, files))
    else:
        with ThreadPoolExecutor(threads) as pool:
            hashes = list(pool.map(hash_one, files))
    return Hashed(time.perf_counter() - begun, hashes)


def _main(threads: str, files: str, manner: str) -> None:
    listed = Path(files).read_text().splitlines()
    seen = SeenEntries() if manner == _REMEMBERING else None
    print(msgspec.json.encode(hash_all(int(threads), listed, seen)).decode())


if __name__ == "__main__":
    _main(*sys.argv[1:])
