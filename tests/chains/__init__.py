"""Readers of the networks, against servers that speak their wire formats, faults included."""
