"""One incremental pass: discover, select, fetch through the gate, publish.

``plan`` is pure: it decides. ``index`` and ``lists`` ask
what is offered, ``facts`` what its newest go.mod says of it. ``choosing``,
``dependencies`` and ``toolchains`` are the parts of a selection, which ``selecting``
puts together and into the catalog. ``fetch`` brings versions through the gate;
``engine`` runs one pass of it all under the store's lock; ``prune`` is its opposite.
"""
