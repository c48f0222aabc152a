"""The static tree: what any file server serves as a GOPROXY, sumdb included.

``publisher.Publisher`` is the way in. ``work`` compares the catalog with the
tree's own ``marker`` and says what is to be done; ``publication`` does it, in the
one order in which no reader sees half (I6). ``routes`` says where each file lies
and ``contents`` what a module's folder says; ``pages`` and ``feed`` make what people
read. These decide and touch nothing. ``tree`` has the system calls, ``modules`` and
``sumdb`` write a module's and the checksum database's folders with them, and
``stale`` says what may go.

Only what the catalog carries is published (I2), and nothing here asks a network.
"""
