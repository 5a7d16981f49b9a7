"""Reads USDT transfers off the networks. Knows no database."""
