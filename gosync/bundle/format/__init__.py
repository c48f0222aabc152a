"""The bundle format, version 1: its files and how they bind each other. Pure.

A bundle is a folder of plain files for one target (a site that bundles are made
for)::

    bundle.json              the header
    bundle.json[.LABEL].sig  detached signatures over it, any number; see signing
    bundle.json[.LABEL].sigstore.json  the same in cosign's form
    manifest.zst             the target's whole selection, and where the rest lies
    manifest-001.zst ...     the same in parts, where it is larger than a volume
    vol-0001.zst ...         the volumes: what is new to the receiver
    SHA256SUMS               of the header, the manifest and the volumes, for coreutils

Names are of ``[a-z0-9._-]``, SHA256SUMS apart, so that they survive FAT, ISO 9660
and case-insensitive media. No volume is larger than the target's ``volume_size``,
which is below 4 GiB at most (FAT32), nor is any other file: a manifest that would be
is cut into parts, which a header requires its reader to know.

The **header** is canonical JSON (``header``): it names manifest and volumes with
size and SHA-256, so that a signature over it binds every byte. Its own SHA-256 is
the bundle's id. ``base`` is the id of the bundle on which an increment builds.
``algorithms`` names the digest, the zip hash and the compression of all that the
header binds.

**Versions.** A format, an algorithm or a ``requires`` that a reader does not know makes
it refuse: they change what the rest means. Keys that it does not know it ignores. All
else that a later gosync carries beside modules is an **artifact** of a new kind, which
a reader that does not know it skips and counts. A receipt says what the reader knows
(``features``), and nobody writes for a site what it cannot read.

The **manifest** is one zstd frame of JSON lines (``manifest``): each version of the
selection with its h1 and who vouches for it, whether it travels or not, so that any
receiver can say exactly what it lacks, or the difference to such a list that the
receiver has, if the header requires that it reads one; what was omitted and why; what
was withdrawn, which a header requires its reader to know (``requires``); and the
segments.

A **volume** is a row of zstd frames and nothing else, so that each frame can be read
without the others. The manifest's segments say where they begin, and it has the
SHA-256 of each CHUNK_BYTES of a volume, the last chunk being what is left: a reader
proves each chunk when it reads it, and needs to read no volume twice (``chunks``).
All frames have checksums, and a window of at most 2^27 bytes. A *segment* is two
frames, one after the other::

    module segment   recipes   one block a group: head, .info, .mod, recipes (blocks)
                     contents  files' contents, one after the other
    tile segment     recipes   paths of the checksum database's tiles, one a line
                     contents  the tiles, one after the other
    artifact segment recipes   SHA-256 and size of each blob, one a line (artifacts)
                     contents  the blobs, one after the other

It lies in one volume. Only what cannot be divided further, one version or one blob that
is larger than a volume, goes on over borders (``extents``): it begins a volume, fills
each that it reaches and ends in the last one, after which other segments follow. Its
volumes are read together, and the header requires a reader that can.

A *group* is consecutive versions of one module. A version's **recipe** has one
line for each entry of its zip (``recipe``)::

    <SHA-256 of the contents, hex> <size in bytes> <name below path@version/>

ordered by name. The h1 of the version is a hash over just that, so the record of
the checksum database proves the recipe, and the recipe each content. Contents that
several versions of a group share travel once; they are ordered by the name that they
have first, then by version, so that the versions of a file stand next to each other.
The digest of what travels for one line alone is left out: the contents give it.

A module of which the receiver has a version already, by ``base``, makes a segment
of its own, the *patch*. Its base is a version, named by path, version and h1::

    recipes   frame with the base's own recipe as a raw dictionary
    contents  only those that the base has not, with the base's contents of the same
              names as a raw dictionary, by name, as far as PATCH_BYTES reach

A base is always something that the receiver has from an earlier bundle, never from
the same one: chains have length one. The checksum of the frame and the h1 would
both tell a wrong base, and the receiver has proven the base's h1 before.

Zips are rebuilt from recipes in one fixed way (``gosync.gomod.zipwrite``); their
bytes are not the upstream's, their h1 is. What cannot be rebuilt to the same h1,
and everything with ``--exact``, travels *verbatim*: its recipe is the single line
``<SHA-256 of the zip> <its size> .zip``, its content the zip.

The same store, ledger and configuration give the same bytes.

The files of this room:

    names            names and limits
    features         what a reader can take, release by release
    header           ``bundle.json``
    manifest         ``manifest.zst``, unpacked: its lines
    manifest_checks  the rules of these lines
    listlines        lines of a list that is told as a difference
    selectionlist    such a list made whole, and a whole one told so
    artifacts        files beside modules: their lines, their segments
    extents          which volumes each segment lies in
    blocks           what a recipes frame says of a group
    recipe           what a zip contains
    receipt          ``receipt.json``, which goes back outside
    need             ``need.json``, likewise
    decoding         bytes to JSON and times, with one error
"""
