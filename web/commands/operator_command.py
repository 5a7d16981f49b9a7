"""What all commands share: who runs them, and errors in one line."""

import os
import pwd
from typing import Any

import click

from models.database import OUTAGES, db
from models.errors import Refusal
from web.bodies import LARGEST_ID

Id = click.IntRange(1, LARGEST_ID)


class OperatorCommand(click.Command):
    """A command whose refusals are one line and exit code 1, like any other wrong use."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except Refusal as refusal:
            raise click.ClickException(refusal.message) from None
        except OUTAGES as outage:
            reason = str(outage).strip().partition("\n")[0]
            raise click.ClickException(f"The database cannot be used: {reason}") from None
        finally:
            if not db.is_closed():
                db.close()


class OperatorGroup(click.Group):
    """Commands on one resource."""

    command_class = OperatorCommand


def actor() -> str:
    """The name that audit rows carry: that of the Unix user, by his id and not by what the environment says."""
    user_id = os.getuid()
    try:
        name = pwd.getpwuid(user_id).pw_name
    except KeyError:  # a container may run us under an id that has no name
        name = str(user_id)
    return f"cli:{name}"


def given(**options: Any) -> dict[str, Any]:
    """The options that were given, as the body of the request that would do the same."""
    return {name: value for name, value in options.items() if value is not None}
