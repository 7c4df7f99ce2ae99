"""The clients that are compared. Each gives what its user would work with, and stops the run if that is wrong.

One function a client: an async context manager of a `Site`, found by the name of its module and its own.
"""

from benchmarks.answers import path, wallet

WALLET_ID = wallet()
PATH = path(WALLET_ID)
DESCRIPTION = "Customer have credited his wallet with 20 points"
POINTS = 20
MOVEMENT = {"description": DESCRIPTION, "points": POINTS, "type": "credit"}
