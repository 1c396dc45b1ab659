"""Where firmware images come from."""
