"""Benchmarks, run by hand: `python -m tests.bench.NAME`. See README.md beside this."""
