"""What every implementation of the storage contracts must do, run over each of them.

``storages`` lists the implementations with the faults that a test may cause; a new
one is added there. ``memory`` is the second implementation, as lazy as its contract
allows; ``powercut`` makes a file system as lazy as POSIX allows.
"""
