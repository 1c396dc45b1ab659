"""Simulated LwM2M devices and a simulated Leshan; shares no code with the integration."""
