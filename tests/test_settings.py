"""What is wrong with the environment ends the start with a sentence that names the variable, and never its value."""

import pytest
from cryptography.fernet import Fernet

from settings import MADE_UP_WALLETS, SettingsError, load

SOUND = {
    "DATABASE_URL": "postgres://u@127.0.0.1/db",
    "REDIS_URL": "redis://127.0.0.1",
    "SECRET_KEYS": Fernet.generate_key().decode(),
    "WALLET_TRON": MADE_UP_WALLETS["wallet_tron"],
    "WALLET_EVM": MADE_UP_WALLETS["wallet_evm"],
}
# A variable, a wrong value of it, and a part of what is said of it.
WRONG = [
    ("DATABASE_URL", "mysql://127.0.0.1/secret", "must start with postgresql://"),
    ("REDIS_URL", "http://secret", "must start with redis://"),
    ("SECRET_KEYS", "secret", "is not a Fernet key"),
    ("PORT", "secret", "valid integer"),
    ("ADMIN_TOKEN", "secret", "at least 16 characters"),
    ("WALLET_TRON", "TAUooyB9R3dgTsw9AACLNQ1zZ3zedcDkjK", "TRON address"),
    ("WALLET_EVM", "0x05991EAc23518C38e6E52Ca565e735c4EFB280e5", "EIP-55"),
    ("WALLET_TON", "UQAFmR6sI1GMOOblLKVl5zXE77KA5FX_RQzMJ0x-que-TUvX", "TON address"),
    ("WALLET_SOLANA", "NrTb9voNq7RBABkcCuh6V56Q81i1M6bRrWHzyH2gL", "Solana address"),
    ("BSC_RPC_URLS", "ftp://secret.example", "must be an address"),
    ("BSC_RPC_URLS", "https://secret.example:99999/key", "port"),
    ("TRONGRID_URL", "https://secret.example/v1", "without a path"),
    ("TONCENTER_URL", "https://secret.example", "TONCENTER_URL is set without WALLET_TON"),
    ("SOLANA_RPC_URLS", "https://secret.example", "SOLANA_RPC_URLS is set without WALLET_SOLANA"),
    ("TELEGRAM_BOT_TOKEN", "12:secret/../x", "@BotFather"),
    ("TELEGRAM_WEBHOOK_SECRET", "secret and more", "letters, digits"),
    ("TELEGRAM_ADMIN_IDS", "12,secret", "valid integer"),
    ("TOPUP_TOLERANCE_USDT", "0.0000001", "more than 6 decimals"),
]


def test_a_sound_environment_is_taken() -> None:
    settings = load(SOUND | {"BSC_RPC_URLS": "https://a.example/key, https://b.example:8545", "PORT": ""})

    assert settings.bsc_rpc_urls == ("https://a.example/key", "https://b.example:8545")
    assert load(SOUND | {"TELEGRAM_ADMIN_IDS": "12, 34"}).telegram_admin_ids == {12, 34}
    assert (settings.port, settings.database_url) == (8000, "postgresql://u@127.0.0.1/db")


@pytest.mark.parametrize(("name", "value", "told"), WRONG)
def test_a_wrong_value_is_refused_by_name_and_not_repeated(name: str, value: str, told: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load(SOUND | {name: value})

    assert name in str(refused.value)
    assert told in str(refused.value)
    assert value not in str(refused.value)
    assert "Value error" not in str(refused.value)


def test_all_that_is_missing_is_told_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        load({})

    assert all(f"{name}: Field required" in str(refused.value) for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEYS"))
