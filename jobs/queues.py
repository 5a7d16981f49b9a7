"""The queues, each with a process type of its own, so that none waits behind another; and the jobs that go there."""

FULFILMENT = "fulfilment"
WEBHOOKS = "webhooks"
DEPOSITS = "deposits"
PROVIDERS = "providers"
TELEGRAM = "telegram"
UPKEEP = "upkeep"

# Webhook attempts mostly wait for a stranger's server: many threads, so that a few slow ones do not fill them all.
WEBHOOK_THREADS = 64

# A scan waits for its network's servers: a thread for each network, so that none of them waits behind another.
DEPOSIT_THREADS = 8

# A purchase mostly waits for its provider's server: many threads, so that a slow provider does not fill them all.
PROVIDER_THREADS = 32

# A talk mostly waits for Telegram's server.
TELEGRAM_THREADS = 16

ALL = (FULFILMENT, PROVIDERS, WEBHOOKS, DEPOSITS, TELEGRAM, UPKEEP)

FULFIL_ORDER = "orders.fulfil"
PURCHASE_ORDER = "orders.purchase"
DELIVER_WEBHOOK = "webhooks.deliver"
SCAN_NETWORK = "deposits.scan"
TALK = "telegram.talk"
CHECK_BOT = "telegram.check_bot"
CHECK_PROVIDER = "providers.check"
REFRESH_STOCK = "catalogue.refresh_stock"

QUEUE_OF_JOB = {
    FULFIL_ORDER: FULFILMENT,
    PURCHASE_ORDER: PROVIDERS,
    CHECK_PROVIDER: PROVIDERS,
    REFRESH_STOCK: PROVIDERS,
    DELIVER_WEBHOOK: WEBHOOKS,
    SCAN_NETWORK: DEPOSITS,
    TALK: TELEGRAM,
    CHECK_BOT: TELEGRAM,
}
