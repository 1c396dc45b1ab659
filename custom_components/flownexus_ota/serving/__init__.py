"""Firmware images on their way to devices over HTTP."""
