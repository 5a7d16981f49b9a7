"""Benchmarks: ours beside the least that could do the work, in one run, as ratios."""
