"""One incremental pass: discover, plan, fetch through the gate, publish.

``policy`` and ``plan`` are pure: they decide. ``discover`` asks the index and
the lists, ``fetch`` brings versions through the gate, ``engine`` runs one pass
of it all under the store's lock.
"""
