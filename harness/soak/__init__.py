"""The soak: many devices, random faults, and what was stored held against what happened."""
