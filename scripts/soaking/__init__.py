"""What scripts/soak understands; standard library of Python 3.11, nothing else."""
