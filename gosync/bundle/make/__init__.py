"""Making bundles, outside: what is new to a site, packed, read back, proven, sealed.

create        the next bundle of a target, step by step
created       the options of that, and its result
selection     what a bundle is about: the present selection
receiver      what the target has already
difference    what of the selection travels, and against which base
documents     documents made of the selection, to travel with it: SBOMs
manifest      what the manifest says; its list, whole or as a difference
tiles         the tree head that travels, and the tiles that are new
parts         what of that one process packs (pure)
packers       parts packed side by side
partpacker    one part packed, wherever
packedparts   parts that are packed, kept for the run's other bundles
sharing       parts packed by the workers of a sweep
packing       versions of the store in groups and segments
contentcache  contents that were inflated once, kept until they are packed
compressor    segments compressed, one after the other
levels        how hard they are compressed
volumes       the bundle's files, written
vulnerable    what became known as vulnerable since the bundle before
readback      the bundle read back from its medium
ledger        what becomes of a bundle: sealed, acknowledged, revoked
tree_archive  the published tree as one ``tar.zst`` instead
news          what of a selection is news to its receiver
"""
