"""Clients in other people's languages, and our own package, against the running system."""
