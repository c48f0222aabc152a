"""Documents of a tree: its store's, and the pages that come with gosync."""

from __future__ import annotations

from pathlib import Path

import anyio
import msgspec
import pytest

from gosync.artifact import DOCUMENT
from gosync.folder.routes import DOCS_FOLDER, EXPLAIN_FOLDER
from gosync.publish.pages.docfiles import doc_files
from gosync.publish.pages.frontpage import TreeFacts, front_page
from gosync.publish.pages.usage import TreeUse
from gosync.site.artifacts import keep_artifact
from gosync.site.documents import first_page, write_documents
from gosync.site.site import Site
from gosync.site.tree import publish_again
from gosync.work.progress import NoProgress
from tests.smallsite import folder_of_tree
from tests.unit.bundle.outside import Outside


class _Pages:
    folder = EXPLAIN_FOLDER
    names = ("index.html", "second.html")

    def __init__(self, state: str) -> None:
        self._state = state
        self.made = 0

    def state(self) -> str:
        return self._state

    def files(self) -> dict[str, bytes]:
        self.made += 1
        return {name: self._state.encode() for name in self.names}


def _write(site: Site, pages: _Pages) -> int:
    options = msgspec.structs.replace(site.options, pages=(pages,))
    return write_documents(msgspec.structs.replace(site, options=options))


def test_pages_are_made_once_for_a_state(tmp_path: Path):
    with Outside(tmp_path) as outside:
        site, pages = outside.site, _Pages("one")
        folder = folder_of_tree(site.options) / "documents/explain"
        assert _write(site, pages) == 3
        assert _write(site, pages) == 0
        assert pages.made == 1
        assert (folder / "second.html").read_bytes() == b"one"

        (folder / "second.html").unlink()
        (folder / "older.html").write_bytes(b"")
        assert _write(site, pages) == 2
        assert sorted(each.name for each in folder.iterdir()) == [
            *pages.names,
        ]

        assert _write(site, _Pages("two")) == 3
        assert (folder / "index.html").read_bytes() == b"two"


def test_documents_of_a_store_and_pages_leave_each_other(tmp_path: Path):
    with Outside(tmp_path) as outside:
        site, pages = outside.site, _Pages("one")
        tree = folder_of_tree(site.options) / "documents"
        keep_artifact(site, DOCUMENT, "a.html", [b"a"])
        keep_artifact(site, DOCUMENT, "explain/index.html", [b"another's"])
        for _ in range(2):
            _write(site, pages)
            assert (tree / "a.html").read_bytes() == b"a"
            assert (tree / "explain/index.html").read_bytes() == b"one"


def test_a_published_tree_explains_failures(tmp_path: Path):
    with Outside(tmp_path) as outside:
        site = outside.site
        anyio.run(publish_again, site, NoProgress())
        tree = folder_of_tree(site.options)
        page = first_page(site.options.pages, EXPLAIN_FOLDER)
        assert f'href="{page}"' in (tree / "index.html").read_text("utf-8")
        assert 'id="network.dns"' in (tree / page).read_text("utf-8")
        chinese = (tree / page).with_name("index.zh.html").read_text("utf-8")
        assert 'lang="zh"' in chinese


def test_a_published_tree_has_the_documentation(tmp_path: Path):
    with Outside(tmp_path) as outside:
        site = outside.site
        anyio.run(publish_again, site, NoProgress())
        tree = folder_of_tree(site.options)
        assert first_page(site.options.pages, DOCS_FOLDER) == "docs/index.html"
        assert 'href="docs/index.html"' in (tree / "index.html").read_text("utf-8")
        found = {each.name for each in (tree / "docs").iterdir()}
        assert len(found) == 2 + len(doc_files())
        assert {"index.html", "README.html", "serving.html"} <= found


@pytest.mark.parametrize("page", ["", "documents/explain/index.html"])
def test_a_front_page_names_the_page_that_explains(page: str):
    facts = TreeFacts(TreeUse(), None, 0, 0, 0, explained=page)
    assert (b"When go fails" in front_page(facts, [])) == bool(page)


def test_folders_that_are_somebody_elses_are_left_alone(tmp_path: Path):
    with Outside(tmp_path) as outside:
        site, tree = outside.site, folder_of_tree(outside.site.options)
        for name in ("vulndb/index/db.json", "documents/theirs.html"):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_bytes(b"theirs")
        write_documents(site)
        keep_artifact(site, DOCUMENT, "a.html", [b"a"])
        write_documents(site)
        assert (tree / "vulndb/index/db.json").read_bytes() == b"theirs"
        assert (tree / "documents/theirs.html").read_bytes() == b"theirs"
        assert (tree / "documents/a.html").read_bytes() == b"a"
