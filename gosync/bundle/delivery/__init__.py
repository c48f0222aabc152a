"""Bundles over a gateway: folders that it takes from and delivers into, no hands.

    inbox      the folder that a gateway delivers into: what of it is whole
    replies    receipts and needs: files in the outbox inside, the inbox outside
    outside    a job outside: replies taken in, the next bundle made when it is due
    inside     a job inside: bundles that have come are taken in, and replied to

A gateway may deliver files one by one, late, in any order, twice, or drop one. So no
step waits for another: whatever is whole is used, whatever is known already costs
nothing, and what is lost is sent again once no receipt came for a time.
"""
