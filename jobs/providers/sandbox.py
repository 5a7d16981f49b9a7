"""The made-up provider of development: iStar's own adapter, at the sandbox's address."""

from typing import Any

from jobs.providers.api import Api
from jobs.providers.base import NotAccepted
from jobs.providers.istar import IStar
from models.telegram_goods import Good
from settings import settings

KEY = "sandbox"


def from_settings() -> IStar:
    """The one that the settings name. It sells TON, too."""
    return IStar(_url(), KEY, settings.sandbox_webhook_secret, frozenset(Good))


def purchases(username: str | None) -> list[Any]:
    """What the sandbox really sold, by its own book. Raises ProviderFault."""
    answer = Api(_url(), {"API-Key": KEY}).get("/book", {"username": username} if username else None)
    if not answer.is_success or not isinstance(answer.document, list):
        raise NotAccepted(answer.told())
    return answer.document


def _url() -> str:
    assert settings.sandbox_api_url is not None  # noqa: S101 - it is what switches this provider on
    return settings.sandbox_api_url
