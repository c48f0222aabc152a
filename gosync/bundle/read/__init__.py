"""Reading a bundle on a medium that nobody trusts, and proving it without a store.

medium      where a bundle's files lie, the contract; and a folder
folder      a bundle: header, signatures, manifest, volumes, each read once
chunks      bytes of a volume, proven before they are handed out
zstd        zstd frames, in and out: the only owner of zstandard
segments    one segment: its blocks, its contents, its tiles
reader      the versions of a bundle, one after the other
spool       a group's contents while the zips that share them are written
bases       versions that the receiver has, which patches are against
treebase    such versions, and tiles, out of a published tree
proving     everything that a bundle says, held against its bytes
logproof    how much of it leads to its tree head
documents   what is told of a bundle, as JSON
keptlists   lists of the selections of earlier bundles, kept in the store
"""
