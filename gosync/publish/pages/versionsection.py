"""What a module's page tells of its versions: files, proofs, withdrawals. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Final

from gosync.catalog.versions import Proof
from gosync.catalog.withdrawn import Withdrawal
from gosync.gomod.filekind import FileKind
from gosync.gomod.latest import GoModFacts
from gosync.gomod.modfile import Retraction
from gosync.publish.contents import Carried, ModuleContents
from gosync.publish.pages import html
from gosync.publish.pages.words import Words, digits

_SHORT_HASH: Final = 12
_AT_ONCE: Final = 20  # versions; older ones are folded


def version_section(
    contents: ModuleContents, lookups: str, words: Words
) -> Iterator[str]:
    """Yield what can be built with, and folded what only its go.mod is carried of.

    Args:
        contents: What the tree says of the module.
        lookups: The address of the database's lookups, "" for no database.
        words: The words of the page's language.
    """
    table = _VersionTable(lookups, contents.retracted, words)
    newest_first = contents.versions[::-1]
    whole = [version for version in newest_first if version.whole]
    alone = [version for version in newest_first if not version.whole]
    yield '<section aria-labelledby="versions">'
    yield f'<h2 id="versions">{words.count(len(whole), "version")}</h2>'
    if whole:
        yield table.of(whole[:_AT_ONCE])
    if whole[_AT_ONCE:]:
        older = words.count(len(whole) - _AT_ONCE, "older version")
        yield html.folded(older, table.of(whole[_AT_ONCE:]))
    if alone:
        files = words.count(len(alone), "version")
        told = words.say(
            "{versions} more as go.mod only: to choose versions by, not to build with",
            versions=files,
        )
        yield html.folded(told, table.of(alone))
    yield "</section>"


def withdrawn_section(withdrawals: Sequence[Withdrawal], words: Words) -> Iterator[str]:
    """Yield what nobody is given any more, why, and who will miss it."""
    if not withdrawals:
        return
    rows = "\n".join(
        f"<tr><th scope=row class=version>{escape(each.version)}</th>"
        f"<td class=day>{escape(each.withdrawn_at[:10])}</td>"
        f"<td>{escape(each.reason)}</td>"
        f"<td class=path>{escape(', '.join(each.needed_by))}</td></tr>"
        for each in withdrawals
    )
    columns = ("Version", "Withdrawn", "Reason", "Needed by")
    yield '<section aria-labelledby="withdrawn">'
    yield f'<h2 id="withdrawn">{words.say("Withdrawn")}</h2>'
    yield f"<p>{words.say('Nobody is given these versions any more.')}</p>"
    yield html.table([words.say(each) for each in columns], rows)
    yield "</section>"


def proof_section(contents: ModuleContents, database: str, words: Words) -> str:
    """Return what the marks in the table of versions mean."""
    proofs = {version.row.proof for version in contents.versions}
    parts = []
    if Proof.SUMDB in proofs and database:
        told = words.say(
            "<span class=proven>Record N</span>: the checksum database"
            " <code>{name}</code> has these very hashes in its record N, which was"
            " proven to be in its signed log before anything was kept. <code>go</code>"
            " proves it again with what is in this tree.",
            name=escape(database),
        )
        parts.append(f"<p>{told}</p>")
    if Proof.PINNED in proofs:
        told = words.say(
            "<span class=pinned>Pinned at first sight</span>: no checksum database"
            " knows it. The hashes are those of when it was first fetched, and it has"
            " not been anything else here since."
        )
        parts.append(f"<p>{told}</p>")
    if not parts:
        return ""
    title = f'<h2 id="proof">{words.say("How this was proven")}</h2>'
    return f'<section aria-labelledby="proof">{title}\n{chr(10).join(parts)}</section>'


class _VersionTable:
    """Tables of versions of one module."""

    def __init__(
        self, lookups: str, retracted: tuple[Retraction, ...], words: Words
    ) -> None:
        self._lookups = lookups
        self._retracted = retracted
        self._words = words

    def of(self, versions: Iterable[Carried]) -> str:
        """Return a table."""
        columns = ("Version", "Committed", "Files", "Proof")
        rows = "\n".join(map(self._row, versions))
        return html.table([self._words.say(each) for each in columns], rows)

    def _row(self, version: Carried) -> str:
        row, at = version.row, version.at
        files = [_file_link(at.info, FileKind.INFO), _file_link(at.mod, FileKind.MOD)]
        if version.whole:
            size = html.size(row.zip_bytes or 0)
            files.append(f"{_file_link(at.zip, FileKind.ZIP)} <small>{size}</small>")
        return (
            f"<tr><th scope=row class=version>{escape(row.version)}"
            f"{self._retraction(row.version)}</th>"
            f"<td class=day>{escape((row.version_time or '')[:10])}"
            f"{self._commit(row.commit_hash)}</td>"
            f"<td class=files>{' '.join(files)}</td>"
            f"<td>{self._proof(version)}</td></tr>"
        )

    def _commit(self, commit: str | None) -> str:
        if not commit:
            return ""
        told = self._words.say(
            "commit <code>{hash}</code>", hash=escape(commit[:_SHORT_HASH])
        )
        return f"<br><small>{told}</small>"

    def _retraction(self, version: str) -> str:
        for each in self._retracted:
            if not GoModFacts(is_own=True, retracted=(each,)).allow(version):
                why = f": {escape(html.short(each.rationale))}" * bool(each.rationale)
                told = self._words.say("retracted by its author")
                return f"<div class=mark>{told}{why}</div>"
        return ""

    def _proof(self, version: Carried) -> str:
        row = version.row
        if row.proof is Proof.SUMDB and row.record_id is not None:
            text = self._words.say("record {n}", n=digits(row.record_id))
            if self._lookups:
                href = f"{self._lookups}{html.href(version.at.lookup)}"
                text = f'<a href="{href}">{text}</a>'
            proof = f"<span class=proven>{text}</span>"
        else:
            told = self._words.say("pinned at first sight")
            proof = f"<span class=pinned>{told}</span>"
        h1 = row.zip_h1 if version.whole else row.mod_h1
        odd = f"<br><small>{escape(row.oddity)}</small>" if row.oddity else ""
        return f"{proof}<br><code class=hash>{escape(h1 or '')}</code>{odd}"


def _file_link(path: str, kind: FileKind) -> str:
    return f'<a href="{html.href(path.rpartition("/")[2])}">{kind.value}</a>'
