"""Measures the integration: what it costs, beside what Home Assistant costs without it."""
