"""What scripts/release runs."""
