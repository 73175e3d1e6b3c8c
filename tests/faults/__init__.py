"""Faults put into the real commands at hundreds of moments: ``python -m tests.faults --trials 500 --table FILE``."""
