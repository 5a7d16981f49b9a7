"""Statements that every order runs: planned once for each connection, since planning costs more than running them."""

import re
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

    def rows(self, params: dict[str, Any], *, after: "Statement | None" = None) -> list[Row]:
        """Run it, if need be `after` another one, in one round trip (and, outside of one, in one transaction)."""
        self._plan()
        if after is None:
            return rows(self._execute, params)
        after._plan()
        return rows(f"{after._execute}; {self._execute}", params)

    def _plan(self) -> None:
        connection = db.connection()
        if self._name not in connection.prepared:
            db.execute_sql(self._prepare)
            connection.prepared.add(self._name)
