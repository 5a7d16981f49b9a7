"""The queues, each with a process type of its own, so that none waits behind another; and the jobs that go there."""

FULFILMENT = "fulfilment"
WEBHOOKS = "webhooks"
UPKEEP = "upkeep"

# Webhook attempts mostly wait for a stranger's server: many threads, so that a few slow ones do not fill them all.
WEBHOOK_THREADS = 64

FULFIL_ORDER = "orders.fulfil"
DELIVER_WEBHOOK = "webhooks.deliver"

QUEUE_OF_JOB = {FULFIL_ORDER: FULFILMENT, DELIVER_WEBHOOK: WEBHOOKS}
