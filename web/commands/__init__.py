"""The operators' actions as `flask` commands."""

from flask import Flask

from web.commands import accounts, demo, keys, ledger, operators, orders, products, secrets, stock, webhooks


def register_commands(app: Flask) -> None:
    """Add the commands to the application."""
    for resource in (keys, accounts, products, stock, orders, webhooks, operators, ledger, secrets, demo):
        app.cli.add_command(resource.group)
    app.cli.add_command(operators.list_actions)
