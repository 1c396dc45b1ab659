"""Shared set-up of the demo and the tests; standard library of Python 3.11, nothing else."""
