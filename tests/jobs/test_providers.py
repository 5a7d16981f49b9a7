"""The providers."""

from jobs.providers import PROVIDERS
from settings import settings


def test_the_providers_that_products_may_name_are_those_that_deliver() -> None:
    assert set(PROVIDERS) == settings.providers
