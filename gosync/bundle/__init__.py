"""Signed bundles of module versions, which cross an air gap and are proven inside.

    options    what the configuration says of bundles

    format     the format's specification; bytes to values and back (pure)
    read       a bundle on a medium: opened, read, proven without a store
    make       outside: the next bundle of a target, and what became of those before
    take       inside: from a medium that nobody trusts to the published tree
    delivery   both, without hands: folders that a gateway takes from and delivers into

``make`` and ``take`` stand on ``read``, all on ``format``; neither knows the other,
and ``delivery`` stands on both.
"""
