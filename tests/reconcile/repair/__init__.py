"""Repairs: which movement each class gets, the file they stand in, and what the journal says of them."""
