"""The providers beside our own stock: a file for each, named as it is in settings, which says what switches it on."""

from functools import lru_cache
from importlib import import_module
from typing import cast

from jobs.providers.base import Provider
from settings import settings


def provider(name: str) -> Provider | None:
    """The provider of this name; None for one that is not configured.

    Its file is loaded when it is first wanted: the web needs none but for webhooks.
    """
    return configured(name) if name in settings.configured_providers else None


@lru_cache
def configured(name: str) -> Provider:
    """A provider that is configured, made once for the process."""
    return cast(Provider, import_module(f"jobs.providers.{name}").from_settings())
