"""Event consumers: the inbox, the order of things, what becomes of a message."""
