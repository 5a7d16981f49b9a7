"""What the tests of the EVM reader share: a node of each test's own, a token on it, and endpoints before it."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.chains.evm_node import Node, Token, started_node
from tests.chains.evm_proxy import Proxy


@pytest.fixture
def node() -> Iterator[Node]:
    with started_node() as node:
        yield node


@pytest.fixture
def token(node: Node) -> Token:
    return Token(node)


@pytest.fixture
def proxies(node: Node) -> Iterator[list[Proxy]]:
    """Two endpoints before the node."""
    with ExitStack() as stack:
        yield [stack.enter_context(Proxy(node.url)) for _ in range(2)]
