"""The stage: real processes for the demo and the end-to-end tests, and how to talk to them."""
