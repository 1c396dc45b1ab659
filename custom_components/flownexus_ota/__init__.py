"""Firmware updates of LwM2M devices, by an Eclipse Leshan server."""
