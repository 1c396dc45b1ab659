"""Simulated LwM2M devices and a simulated Leshan, for demos and tests. Shares no code with the integration."""
