"""Tests on a real PostgreSQL and a real Redis; only strangers' HTTP servers are played by local ones."""
