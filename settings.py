"""The one place that reads the environment.

Every setting is typed and checked here, once, when a process starts: a wrong value ends the start with a sentence
that names it, rather than a surprise an hour later. A variable that is set but empty counts as not set.
"""

import os
import re
import sys
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from chains import addresses

MICROS_PER_USD = 1_000_000
MOST_USD = 1_000_000
YEAR_SECONDS = 365 * 86_400


def _split_commas(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _usd_to_micros(value: Any) -> int:
    """Turn a decimal amount of dollars into whole micro-dollars; refuses more than six decimals."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        raise ValueError("is not a number") from None
    if not amount.is_finite() or abs(amount) > MOST_USD:
        raise ValueError(f"is not an amount of at most {MOST_USD}")
    micros = amount * MICROS_PER_USD
    if micros != micros.to_integral_value():
        raise ValueError("has more than 6 decimals")
    return int(micros)


def _scheme(url: str) -> str:
    try:
        return urlsplit(url).scheme
    except ValueError:
        raise ValueError("is not an address that can be read") from None  # urlsplit's own text repeats parts of it


CommaSeparated = Annotated[tuple[str, ...], BeforeValidator(_split_commas)]
UsdAsMicros = Annotated[int, BeforeValidator(_usd_to_micros), Field(ge=0)]


def _server(url: str) -> str:
    if _scheme(url) not in ("http", "https") or not urlsplit(url).hostname:
        raise ValueError("must be an address that starts with https:// or http://")
    try:
        _ = urlsplit(url).port
    except ValueError:
        raise ValueError("has a port that is none") from None
    return url.rstrip("/")


def _bare_server(url: str) -> str:
    if urlsplit(url).path or urlsplit(url).query:
        raise ValueError("must be the address alone, without a path: the paths of its API are added to it")
    return url


def _bot_token(token: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9:_-]{1,200}", token):  # it becomes a part of addresses
        raise ValueError("must be a token as @BotFather gives it: a number, a colon, and letters, digits, _ or -")
    return token


def _webhook_secret(secret: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
        raise ValueError("must be 1 to 256 letters, digits, _ or -: Telegram takes no others")
    return secret


Server = Annotated[str, AfterValidator(_server)]
BotToken = Annotated[str, AfterValidator(_bot_token)]
WebhookSecret = Annotated[str, AfterValidator(_webhook_secret)]
BareServer = Annotated[Server, AfterValidator(_bare_server)]
Servers = Annotated[tuple[Server, ...], BeforeValidator(_split_commas)]
TronAddress = Annotated[str, AfterValidator(addresses.tron)]
EvmAddress = Annotated[str, AfterValidator(addresses.evm)]
TonAddress = Annotated[str, AfterValidator(addresses.ton)]
SolanaAddress = Annotated[str, AfterValidator(addresses.solana)]

# Nobody has the keys of these: they are made of a sentence's hash. Development shows them where no wallet is set.
MADE_UP_WALLETS = {
    "wallet_tron": "TAUooyB9R3dgTsw9AACLNQ1zZ3zedcDkjJ",
    "wallet_evm": "0x05991EAc23518C38e6E52Ca565e735c4EFB280e4",
    "wallet_ton": "UQAFmR6sI1GMOOblLKVl5zXE77KA5FX_RQzMJ0x-que-TUvW",
    "wallet_solana": "NrTb9voNq7RBABkcCuh6V56Q81i1M6bRrWHzyH2gLXn",
}


# The providers beside our own stock, each with the setting that switches it on. Its file in jobs/providers/ has the
# same name.
PROVIDERS = {
    "gramstack": "gramstack_api_token",
    "istar": "istar_api_key",
    "sandbox": "sandbox_api_url",
    "upstream": "upstream_api_url",
}


class Settings(BaseModel):
    """All settings; the field `database_url` is read from `DATABASE_URL`, and so on."""

    model_config = ConfigDict(frozen=True)

    database_url: str
    database_pool_size: int = Field(8, ge=1, le=200, description="connections a process may hold")
    redis_url: str
    broker_redis_url: str = Field("", description="defaults to redis_url")

    port: int = Field(8000, ge=1, le=65535)
    bind_host: str = "0.0.0.0"  # noqa: S104 - a container's router reaches us from outside; bin/run narrows it to loopback
    trusted_proxies: int = Field(0, ge=0, le=10)
    web_concurrency: int = Field(2, ge=1, le=64)
    # Threads are made on demand and a waiting request holds one, so this bounds the waits a process can hold.
    web_threads: int = Field(2100, ge=4, le=20000)
    worker_processes: int = Field(1, ge=1, le=64)
    worker_threads: int = Field(8, ge=1, le=500)

    secret_keys: CommaSeparated = Field(min_length=1)
    admin_token: str | None = Field(None, min_length=16)
    log_format: Literal["json", "console"] = "json"

    order_floor_usdt: UsdAsMicros = 6_500_000
    dynamic_pricing: bool = True
    order_deadline_seconds: int = Field(600, ge=1, le=YEAR_SECONDS)
    refund_interval_seconds: int = Field(30, ge=1, le=86_400)
    wait_timeout_seconds: int = Field(90, ge=1, le=3600)
    wait_keepalive_seconds: int = Field(0, ge=0, le=3600, description="0: a waiting answer begins when it is there")

    webhook_retry_base_seconds: float = Field(10, gt=0, le=86_400, allow_inf_nan=False)
    webhook_allow_private: bool = False

    # Providers. `public_url` is where they reach us, for their webhooks.
    public_url: Server | None = None
    istar_api_url: Server = "https://v1.fragmentapi.com/api/v1/partner"
    istar_api_key: str | None = None
    istar_webhook_secret: str | None = None
    gramstack_api_url: Server = "https://gramstack.dev/api/v1"
    gramstack_api_token: str | None = None
    upstream_api_url: Server | None = None
    upstream_api_key: str | None = None
    upstream_api_secret: str | None = None
    sandbox_api_url: Server | None = None
    sandbox_webhook_secret: str | None = None
    provider_low_balance: Decimal = Field(Decimal(100), ge=0, description="in the provider's currency")

    # The Telegram bot, on when it has a token. Without a secret for its webhook, it has to be polled.
    telegram_bot_token: BotToken | None = None
    telegram_api_url: Server = "https://api.telegram.org"
    telegram_webhook_secret: WebhookSecret | None = None
    telegram_admin_ids: Annotated[frozenset[int], BeforeValidator(_split_commas)] = frozenset()
    referral_reward_usd: UsdAsMicros = MICROS_PER_USD
    referral_min_topup_usd: UsdAsMicros = 10 * MICROS_PER_USD

    # Deposits. A network is on when it has a wallet and a server to read it from; in simulation all six are.
    allow_simulation: bool = False
    wallet_tron: TronAddress | None = None
    wallet_evm: EvmAddress | None = None
    wallet_ton: TonAddress | None = None
    wallet_solana: SolanaAddress | None = None
    trongrid_url: BareServer | None = None
    trongrid_api_key: str | None = None
    bsc_rpc_urls: Servers = ()
    polygon_rpc_urls: Servers = ()
    arbitrum_rpc_urls: Servers = ()
    toncenter_url: Server | None = None
    toncenter_api_key: str | None = None
    solana_rpc_urls: Servers = ()
    usdt_trc_20_contract: TronAddress = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
    usdt_bep_20_contract: EvmAddress = "0x55d398326f99059fF775485246999027B3197955"
    usdt_polygon_contract: EvmAddress = "0xc2132D05D31c914a87C6611C10748AEb04B58e8F"
    usdt_arbitrum_contract: EvmAddress = "0xFd086bC7CD5C481DCC9C85ebE478A1C0b69FCbb9"
    usdt_ton_contract: Annotated[str, AfterValidator(addresses.ton_raw)] = (
        "0:B113A994B5024A16719F69139328EB759596C38A25F59028B146FECDC3621DFE"
    )
    usdt_solana_contract: SolanaAddress = "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB"
    scan_interval_seconds: float = Field(5, gt=0, le=3600, allow_inf_nan=False)
    topup_lifetime_seconds: int = Field(3600, ge=1, le=YEAR_SECONDS)
    topup_tolerance_usdt: UsdAsMicros = 10_000

    @model_validator(mode="before")
    @classmethod
    def _make_up_wallets(cls, given: dict[str, Any]) -> dict[str, Any]:
        simulating = str(given.get("allow_simulation", "")).lower() in ("1", "true", "yes", "on")
        return {**MADE_UP_WALLETS, **given} if simulating else given

    @model_validator(mode="after")
    def _every_server_has_a_wallet(self) -> "Settings":
        for wallet, servers in (
            ("wallet_tron", ("trongrid_url",)),
            ("wallet_evm", ("bsc_rpc_urls", "polygon_rpc_urls", "arbitrum_rpc_urls")),
            ("wallet_ton", ("toncenter_url",)),
            ("wallet_solana", ("solana_rpc_urls",)),
        ):
            given = next((server for server in servers if getattr(self, server)), None)
            if given and getattr(self, wallet) is None:
                raise ValueError(f"{given.upper()} is set without {wallet.upper()}: nobody could pay on that network")
        return self

    @model_validator(mode="after")
    def _upstream_has_a_key(self) -> "Settings":
        if self.upstream_api_url and not self.upstream_api_key:
            raise ValueError("UPSTREAM_API_URL is set without UPSTREAM_API_KEY: nothing could be bought there")
        return self

    @field_validator("database_url")
    @classmethod
    def _check_database_url(cls, value: str) -> str:
        if _scheme(value) not in ("postgres", "postgresql"):
            raise ValueError("must start with postgresql://")
        return value.replace("postgres://", "postgresql://", 1)  # the old spelling, which some platforms still give

    @field_validator("redis_url", "broker_redis_url")
    @classmethod
    def _check_redis_url(cls, value: str) -> str:
        if value and _scheme(value) not in ("redis", "rediss", "unix"):
            raise ValueError("must start with redis://, rediss:// or unix://")
        return value

    @field_validator("secret_keys")
    @classmethod
    def _check_secret_keys(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for key in value:
            try:
                Fernet(key)
            except ValueError as error:
                raise ValueError("holds a key that is not a Fernet key (32 bytes, url-safe base64)") from error
        return value

    @property
    def broker_url(self) -> str:
        """The Redis that carries job messages."""
        return self.broker_redis_url or self.redis_url

    @property
    def configured_providers(self) -> frozenset[str]:
        """Names of the providers beside our own stock that are switched on."""
        return frozenset(name for name, switch in PROVIDERS.items() if getattr(self, switch))

    @property
    def providers(self) -> frozenset[str]:
        """Names of the providers that a product may be sold from."""
        return self.configured_providers | {"stock"}


def _told(fault: Mapping[str, Any]) -> str:
    message = str(fault["msg"]).removeprefix("Value error, ")
    return ": ".join([*(str(name).upper() for name in fault["loc"][:1]), message])


class SettingsError(Exception):
    """The environment is incomplete or wrong; the message lists every variable at fault."""


def load(environ: Mapping[str, str]) -> Settings:
    """Read and check the settings.

    Raises SettingsError; its text names the variables but never repeats their values, which may be secrets.
    """
    given = {name.lower(): value for name, value in environ.items() if value}
    try:
        return Settings.model_validate({name: given[name] for name in Settings.model_fields if name in given})
    except ValidationError as error:
        faults = [f"  {_told(fault)}" for fault in error.errors(include_input=False)]
        raise SettingsError("Wrong settings in the environment:\n" + "\n".join(faults)) from None


try:
    settings = load(os.environ)
except SettingsError as refused:
    sys.exit(str(refused))
