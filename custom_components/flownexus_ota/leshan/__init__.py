"""The Eclipse Leshan server's REST and event-stream interface."""
