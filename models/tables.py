"""The tables as peewee sees them. The migrations are what makes them; `pwmigrate diff` holds the two together."""

from datetime import datetime
from typing import Any

from peewee import (
    BigAutoField,
    BigIntegerField,
    BlobField,
    BooleanField,
    CompositeKey,
    DecimalField,
    IntegerField,
    Model,
    TextField,
)
from playhouse.postgres_ext import BinaryJSONField, DateTimeTZField, JSONField

from models.database import db


class Table(Model):
    """Base of all tables."""

    class Meta:
        database = db
        legacy_table_names = False


class Account(Table):
    id = BigAutoField()
    name = TextField()
    available = BigIntegerField()
    held = BigIntegerField()
    topped_up = BigIntegerField()
    refunded = BigIntegerField()
    created_at: Any = DateTimeTZField()
    website = BooleanField()
    referral_code = TextField()

    class Meta:
        table_name = "accounts"


class Transfer(Table):
    id = BigAutoField()
    kind = TextField()
    source = TextField()
    target = TextField()
    account_id = BigIntegerField()
    amount = BigIntegerField()
    reference = TextField()
    order_id = BigIntegerField(null=True)
    note = TextField(null=True)
    created_at: Any = DateTimeTZField()
    deposit_id = BigIntegerField(null=True)

    class Meta:
        table_name = "transfers"


class ApiKey(Table):
    id = BigAutoField()
    fingerprint = TextField()
    key_hash = BlobField()
    name = TextField()
    kind = TextField()
    account_id = BigIntegerField()
    secret_ciphertext = TextField(null=True)
    ip_allowlist: Any = BinaryJSONField(index=False)
    rate_limit = IntegerField()
    request_count = BigIntegerField()
    first_used_at: Any = DateTimeTZField(null=True)
    last_used_at: Any = DateTimeTZField(null=True)
    last_endpoint = TextField(null=True)
    created_at: Any = DateTimeTZField()
    revoked_at: Any = DateTimeTZField(null=True)

    class Meta:
        table_name = "api_keys"


class Operator(Table):
    id = BigAutoField()
    name = TextField()
    role = TextField()
    token_hash = BlobField()
    created_at: Any = DateTimeTZField()
    revoked_at: Any = DateTimeTZField(null=True)

    class Meta:
        table_name = "operators"


class AuditEntry(Table):
    id = BigAutoField()
    created_at: Any = DateTimeTZField()
    actor = TextField()
    action = TextField()
    subject = TextField()
    details: Any = BinaryJSONField(index=False)

    class Meta:
        table_name = "api_audit_log"


class Product(Table):
    id = BigAutoField()
    sku = TextField()
    category = TextField()
    name = TextField()
    description = TextField()
    price = BigIntegerField()
    min_quantity = IntegerField()
    max_quantity = IntegerField()
    provider = TextField()
    needs_recipient = BooleanField()
    active = BooleanField()
    in_stock = BigIntegerField(null=True)
    created_at: Any = DateTimeTZField()
    updated_at: Any = DateTimeTZField()

    class Meta:
        table_name = "products"


class StockItem(Table):
    id = BigAutoField()
    product_id = BigIntegerField()
    ciphertext = TextField()
    digest = BlobField()
    order_id = BigIntegerField(null=True)
    created_at: Any = DateTimeTZField()

    class Meta:
        table_name = "stock_items"


class Order(Table):
    id = BigAutoField()
    account_id = BigIntegerField()
    key_id = BigIntegerField(null=True)
    surface = TextField()
    product_id = BigIntegerField()
    provider = TextField()
    quantity = IntegerField()
    base_total = BigIntegerField()
    dp_hits = IntegerField()
    price = BigIntegerField()
    max_price = BigIntegerField(null=True)
    status = TextField()
    delivered_quantity = IntegerField()
    refunded = BigIntegerField()
    error_message = TextField(null=True)
    client_reference = TextField(null=True)
    webhook_url = TextField(null=True)
    recipient = TextField(null=True)
    signature = BlobField(null=True)
    created_at: Any = DateTimeTZField()
    updated_at: Any = DateTimeTZField()
    deadline_at: Any = DateTimeTZField()
    wake_at: Any = DateTimeTZField()
    lease_token = IntegerField()
    lease_until: Any = DateTimeTZField()
    submitted_at: Any = DateTimeTZField(null=True)
    sku = TextField(null=True)
    parts = IntegerField()
    provider_order_id = TextField(null=True)
    provider_ticket = TextField(null=True)

    class Meta:
        table_name = "orders"


class FulfilmentAttempt(Table):
    id = BigAutoField()
    order_id = BigIntegerField()
    lease_token = IntegerField()
    provider = TextField()
    started_at: Any = DateTimeTZField()
    finished_at: Any = DateTimeTZField(null=True)
    outcome = TextField(null=True)

    class Meta:
        table_name = "fulfilment_attempts"


class IdempotencyKey(Table):
    account_id = BigIntegerField()
    key = TextField()
    request_digest = BlobField()
    order_id = BigIntegerField(null=True)
    waited = BooleanField()
    answer = TextField(null=True)
    created_at: Any = DateTimeTZField()

    class Meta:
        table_name = "idempotency_keys"
        primary_key = CompositeKey("account_id", "key")


class ProviderState(Table):
    name = TextField(primary_key=True)
    faults_in_a_row = IntegerField()
    failing_since: Any = DateTimeTZField(null=True)
    rests_in_a_row = IntegerField()
    rests_until: Any = DateTimeTZField()
    last_error = TextField(null=True)
    last_error_at: Any = DateTimeTZField(null=True)
    balance = DecimalField(null=True)
    currency = TextField(null=True)
    balance_at: Any = DateTimeTZField(null=True)

    class Meta:
        table_name = "provider_states"


class ProviderNotice(Table):
    provider = TextField()
    provider_order_id = TextField()
    verdict = TextField()
    reason = TextField()
    received_at: Any = DateTimeTZField()

    class Meta:
        table_name = "provider_notices"
        primary_key = CompositeKey("provider", "provider_order_id")


class WebhookDelivery(Table):
    id = BigAutoField()
    webhook_id = TextField()
    order_id = BigIntegerField(null=True)
    account_id = BigIntegerField()
    key_id = BigIntegerField(null=True)
    url = TextField()
    host = TextField()
    event = TextField()
    body: Any = JSONField()
    state = TextField()
    tries_left = IntegerField()
    attempts = IntegerField()
    due_at: Any = DateTimeTZField()
    lease_token = IntegerField()
    lease_until: Any = DateTimeTZField()
    timed_out_at: Any = DateTimeTZField(null=True)
    created_at: Any = DateTimeTZField()
    finished_at: Any = DateTimeTZField(null=True)
    intent_id = BigIntegerField(null=True)

    class Meta:
        table_name = "webhook_deliveries"


class WebhookAttempt(Table):
    id = BigAutoField()
    delivery_id = BigIntegerField()
    number = IntegerField()
    at: Any = DateTimeTZField()
    status = IntegerField(null=True)
    error = TextField(null=True)
    duration_ms = IntegerField(null=True)
    answer_ciphertext = TextField(null=True)

    class Meta:
        table_name = "webhook_attempts"


class TelegramUser(Table):
    id = BigIntegerField(primary_key=True)
    account_id = BigIntegerField(null=True)
    username = TextField(null=True)
    language = TextField(null=True)
    dialog: Any = BinaryJSONField(index=False)
    lease_token = IntegerField()
    lease_until: Any = DateTimeTZField()
    sends_from: Any = DateTimeTZField()
    blocked_at: Any = DateTimeTZField(null=True)
    created_at: Any = DateTimeTZField()

    class Meta:
        table_name = "telegram_users"


class TelegramUpdate(Table):
    id = BigIntegerField(primary_key=True)
    user_id = BigIntegerField()
    content: Any = BinaryJSONField(index=False, null=True)
    tries = IntegerField()
    due_at: Any = DateTimeTZField()
    received_at: Any = DateTimeTZField()
    done_at: Any = DateTimeTZField(null=True)

    class Meta:
        table_name = "telegram_updates"


class TelegramMessage(Table):
    id = BigAutoField()
    chat_id = BigIntegerField()
    kind = TextField()
    subject = BigIntegerField(null=True)
    message_id = BigIntegerField(null=True)
    ciphertext = TextField(null=True)
    tries = IntegerField()
    due_at: Any = DateTimeTZField()
    created_at: Any = DateTimeTZField()
    finished_at: Any = DateTimeTZField(null=True)
    error = TextField(null=True)

    class Meta:
        table_name = "telegram_messages"


class TelegramBot(Table):
    id = BigIntegerField(primary_key=True)
    username = TextField()
    checked_at: Any = DateTimeTZField()

    class Meta:
        table_name = "telegram_bots"


class Referral(Table):
    friend_id = BigIntegerField(primary_key=True)
    referrer_id = BigIntegerField()
    state = TextField()
    reason = TextField(null=True)
    reward = BigIntegerField()
    created_at: Any = DateTimeTZField()
    decided_at: Any = DateTimeTZField(null=True)

    class Meta:
        table_name = "referrals"


class DashboardSession(Table):
    token_hash = BlobField(primary_key=True)
    account_id = BigIntegerField()
    key_id = BigIntegerField(null=True)
    telegram_user_id = BigIntegerField(null=True)
    created_at: Any = DateTimeTZField()
    expires_at: Any = DateTimeTZField()

    class Meta:
        table_name = "dashboard_sessions"


def epoch(moment: datetime) -> int:
    """A moment as whole seconds since 1970, cut off."""
    return int(moment.timestamp())
