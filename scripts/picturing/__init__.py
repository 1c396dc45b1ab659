"""What scripts/screenshots runs; standard library of Python 3.11, nothing else."""
