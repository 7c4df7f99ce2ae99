"""The tests of the three packages; `tests.kit` holds the servers and helpers they share."""
