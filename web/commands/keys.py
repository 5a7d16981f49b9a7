"""`flask keys`: clients' keys."""

import click

from models import keys
from web.admin.api_keys import IpWhitelist, NewKey, mint_key, minted_view, view
from web.bodies import validate
from web.commands.operator_command import Id, OperatorGroup, actor, given
from web.commands.output import paged, read_position, show, show_page


@click.group("keys", cls=OperatorGroup)
def group() -> None:
    """Clients' keys."""


@group.command("mint")
@click.argument("name")
@click.option("--kind", type=click.Choice(["v1", "v2"]), required=True, help="The API that the key is for.")
@click.option("--with-secret", is_flag=True, help="Have requests and webhooks signed.")
@click.option("--account", "account_id", type=Id, help="The key's account; a new one if left out.")
@click.option("--ip", "ips", multiple=True, help="An address or range it may be used from; may be given repeatedly.")
@click.option("--rate-limit", type=int, help="Requests a minute (v1) or a second (v2).")
def mint(
    name: str, kind: str, with_secret: bool, account_id: int | None, ips: tuple[str, ...], rate_limit: int | None
) -> None:
    """Make a key called NAME. Key and secret are shown this once."""
    wanted = given(
        name=name, kind=kind, with_secret=with_secret, account_id=account_id, ip_whitelist=list(ips),
        rate_limit=rate_limit,
    )  # fmt: skip
    show(minted_view(mint_key(actor(), validate(NewKey, wanted))))


@group.command("list")
@paged
def list_keys(limit: int, cursor: str | None) -> None:
    """Show all keys, newest first."""
    columns = ("fingerprint", "kind", "account_id", "has_secret", "rate_limit", "request_count", "last_used_at",
               "revoked_at", "name")  # fmt: skip
    show_page(keys.listed(read_position(limit, cursor)), view, columns)


@group.command("revoke")
@click.argument("fingerprint")
def revoke(fingerprint: str) -> None:
    """End a key at once."""
    keys.revoke(actor(), fingerprint)
    click.echo(f"The key {fingerprint} is revoked.")


@group.command("rotate-secret")
@click.argument("fingerprint")
def rotate_secret(fingerprint: str) -> None:
    """Give a key a new secret, or its first one; an old one ends at once."""
    show({"fingerprint": fingerprint, "secret": keys.rotate_secret(actor(), fingerprint)})


@group.command("ip-allowlist")
@click.argument("fingerprint")
@click.argument("ips", nargs=-1)
def set_ip_allowlist(fingerprint: str, ips: tuple[str, ...]) -> None:
    """Let a key be used from these addresses and ranges only; from anywhere if none is named."""
    wanted = validate(IpWhitelist, {"ips": list(ips)}).ips
    keys.set_ip_allowlist(actor(), fingerprint, wanted)
    click.echo(f"The key {fingerprint} may be used from {', '.join(wanted) or 'anywhere'}.")
