"""The simulator: real sessions, a real journal and the stand-ins in virtual time, with seeded faults everywhere."""
