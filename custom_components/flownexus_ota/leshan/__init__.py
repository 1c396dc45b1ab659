"""The client of an Eclipse Leshan demo server: its REST calls, its event stream, its JSON."""
