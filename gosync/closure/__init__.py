"""Closure: does a published tree alone hold what a project needs?

From files alone, without store, catalog or network, so that it can be asked of a
copy on read-only media as well: which files ``go`` would ask for
(gosync.gomod.needs), whether each is there, and whether the checksum database's
part of the same tree proves it.

    attested   attestations of a tree's zips
    closure    a project held against the tree
    files      one version's .info, .mod, .zip and record
    lists      list and @latest
    golang     a real go command
    trial      a real go that sees nothing but the tree
    report     what ``gosync closure`` tells
    remedy     what to do about what was found

Closure is stricter than ``go`` in five places:

- Every version that is needed has a record in the log, though ``go`` asks for
  none where go.sum has the hash.
- What go.sum names is needed, though ``go`` may have no use for an old line.
- Every version that ``list`` names is carried whole, and there is a ``list`` of
  each module that is needed whole.
- ``@latest``, if it is there, names a version that is carried whole.
- A file is a plain file, and no folder on the way to it is a link: links do not
  travel.
"""
