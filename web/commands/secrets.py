"""`flask secrets`: the keys that encrypt what is stored."""

import click
from cryptography.fernet import Fernet, InvalidToken

from models import vault
from web.commands.operator_command import OperatorGroup


@click.group("secrets", cls=OperatorGroup)
def group() -> None:
    """The keys that encrypt what is stored (SECRET_KEYS)."""


@group.command("new-key")
def new_key() -> None:
    """Make a key; put it in front of SECRET_KEYS, restart everything, then run `flask secrets reencrypt`."""
    click.echo(Fernet.generate_key().decode())


@group.command("reencrypt")
def reencrypt() -> None:
    """Encrypt everything anew under the first of SECRET_KEYS, so that the others can be dropped."""
    done = 0
    try:
        with click.progressbar(length=vault.count_encrypted(), label="Encrypting") as bar:
            for count in vault.reencrypt():
                done += count
                bar.update(count)
    except InvalidToken:
        message = "Something stored needs a key that SECRET_KEYS does not hold; put that one back at its end."
        raise click.ClickException(message) from None
    click.echo(f"{done} secrets and items are encrypted under the first key.")
