"""Operators at work: requests to the admin API in their name, and what the audit log has of them."""

import itertools
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from models import operators
from models.database import db, rows
from models.operators import Role

_numbers = itertools.count(1)


@dataclass
class Desk:
    """An operator with his token."""

    client: FlaskClient
    name: str
    token: str

    def get(self, path: str, **query: Any) -> TestResponse:
        """GET an address of the admin API."""
        return self.client.get(f"/api/admin{path}", query_string=query, headers=self._headers)

    def post(self, path: str, document: Any = None) -> TestResponse:
        """POST JSON to an address of the admin API."""
        return self.client.post(f"/api/admin{path}", json=document, headers=self._headers)

    def put(self, path: str, document: Any) -> TestResponse:
        """PUT JSON to an address of the admin API."""
        return self.client.put(f"/api/admin{path}", json=document, headers=self._headers)

    def patch(self, path: str, document: Any) -> TestResponse:
        """PATCH an address of the admin API with JSON."""
        return self.client.patch(f"/api/admin{path}", json=document, headers=self._headers)

    def upload(self, path: str, body: bytes, media_type: str) -> TestResponse:
        """POST bytes to an address of the admin API."""
        return self.client.post(f"/api/admin{path}", data=body, content_type=media_type, headers=self._headers)

    @property
    def actor(self) -> str:
        """The name that audit rows should carry."""
        return f"operator:{self.name}"

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def make_desk(client: FlaskClient, role: Role = Role.ADMINISTER) -> Desk:
    """A new operator of this role."""
    name = f"operator {next(_numbers)}"
    with db.connection_context():
        _, token = operators.create("test", name, role)
    return Desk(client, name, token)


def last_action() -> dict[str, Any]:
    """The newest row of the audit log."""
    with db.connection_context():
        return rows("SELECT actor, action, subject, details FROM api_audit_log ORDER BY id DESC LIMIT 1")[0]


def whole_audit_log() -> str:
    """All of the audit log, as one text to search."""
    with db.connection_context():
        return str(rows("SELECT actor, action, subject, details::text FROM api_audit_log ORDER BY id"))
