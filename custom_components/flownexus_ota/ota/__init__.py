"""Decisions about over-the-air updates: images, versions, sessions. Pure."""
