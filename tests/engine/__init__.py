"""Unit and property tests of the engine; each guarantee stands beside a broken variant that fails the same check."""
