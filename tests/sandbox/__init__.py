"""The sandbox: both APIs, every fault, the ledger, the control endpoint, the pytest plugin."""
