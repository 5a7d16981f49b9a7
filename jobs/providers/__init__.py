"""The providers beside our own stock: a file for each, named as it is in settings, which says what switches it on."""

from functools import lru_cache
from importlib import import_module
from typing import cast

from jobs.providers.base import Provider
from settings import settings


@lru_cache(maxsize=16)
def provider(name: str) -> Provider | None:
    """The provider of this name; None for one that is not configured.

    Its file is loaded when it is first wanted: the web needs none but for webhooks.
    """
    if name not in settings.configured_providers:
        return None
    return cast(Provider, import_module(f"jobs.providers.{name}").from_settings())
