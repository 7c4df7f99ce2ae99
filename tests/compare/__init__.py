"""What becomes of one and the same list of credits with this library and with the clients people write or take instead.

Each client is asked to credit every reference once, as its own documentation would have it done, while a stand-in for
Rehook loses, cuts and delays answers from a seed, and while its process is killed. Then the ledger is read.

python -m tests.compare        writes docs/compared.md
"""
