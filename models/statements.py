"""Statements that every order runs: planned once for each connection, since planning costs more than running them."""

import re
from collections.abc import Sequence
from typing import Any

from models.database import Row, db, rows

_PARAMETER = re.compile(r"%\((\w+)\)s")


class Statement:
    """One SQL statement with named, typed parameters.

    It must name its columns: a plan that says `*` breaks on open connections when a migration adds a column.
    """

    def __init__(self, name: str, sql: str, **types: str) -> None:
        places = {parameter: place for place, parameter in enumerate(types, start=1)}
        numbered = _PARAMETER.sub(lambda match: f"${places[match[1]]}", sql)
        self._name = name
        self._prepare = f"PREPARE {name} ({', '.join(types.values())}) AS {numbered}"
        self._execute = f"EXECUTE {name} ({', '.join(f'%({parameter})s' for parameter in types)})"

    def rows(self, params: dict[str, Any], *, after: "Sequence[Statement]" = ()) -> list[Row]:
        """Run it, `after` others if need be, all in one round trip (and, outside of one, in one transaction)."""
        statements = (*after, self)
        prepared = db.connection().prepared
        for statement in statements:
            if statement._name not in prepared:
                db.execute_sql(statement._prepare)
                prepared.add(statement._name)
        return rows("; ".join(statement._execute for statement in statements), params)
