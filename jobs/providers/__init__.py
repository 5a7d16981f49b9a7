"""The providers that a product can be sold from. A new one is a file here, a line below and its name in settings."""

from jobs.providers.base import Provider
from jobs.providers.stock import Stock

PROVIDERS: dict[str, Provider] = {"stock": Stock()}
