"""Which test proves what: the fault matrix and the sabotages, row by row.

python -m tests.proof        runs every test that is named here and writes docs/proof.md
"""
