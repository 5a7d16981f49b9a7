"""The operators' actions as `flask` commands."""

from flask import Flask

from web.commands import (
    accounts,
    catalogue,
    chains,
    demo,
    deposits,
    keys,
    ledger,
    operators,
    orders,
    products,
    providers,
    referrals,
    secrets,
    stock,
    telegram,
    topups,
    webhooks,
    website_orders,
)


def register_commands(app: Flask) -> None:
    """Add the commands to the application."""
    for resource in (
        keys, accounts, products, catalogue, stock, orders, website_orders, topups, deposits, chains, providers,
        referrals, webhooks, telegram, operators, ledger, secrets, demo,
    ):  # fmt: skip
        app.cli.add_command(resource.group)
    app.cli.add_command(operators.list_actions)
