"""What a developer and the continuous integration run."""
