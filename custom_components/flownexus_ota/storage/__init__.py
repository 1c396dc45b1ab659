"""What is kept on disk: the history of updates and the images. Blocking on purpose."""
