"""The providers that are switched on by settings."""

import pytest

from jobs import providers
from settings import PROVIDERS, settings


@pytest.mark.parametrize("name", sorted(settings.configured_providers))
def test_each_configured_provider_can_be_made(name: str) -> None:
    assert providers.provider(name) is not None


def test_a_provider_that_is_not_configured_is_none() -> None:
    assert providers.provider("stock") is None
    assert set(PROVIDERS) >= settings.configured_providers
