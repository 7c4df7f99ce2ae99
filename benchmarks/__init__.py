"""Speed, as ratios to plain aiohttp taken in one interleaved run: ``python -m benchmarks``.

Machines differ and are noisy, so no figure stands alone: every case runs once a round, in random order, in one
process, and what counts is the median over the rounds of its ratio to the baseline of the same round.
"""
