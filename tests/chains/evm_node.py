"""A real EVM node of a test's own, and tokens on it."""

import functools
import json
import re
import subprocess
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
import requests
from web3 import Web3
from web3.types import TxReceipt

from chains.endpoints import Endpoints
from chains.evm import EvmChain, EvmFacts
from dev.anvil import anvil_program

WALLET = "0x05991EAc23518C38e6E52Ca565e735c4EFB280e4"
FACTS = EvmFacts(decimals=6, finality_seconds=10, block_seconds=1, overlap_blocks=5)
FIXTURE = Path(__file__).parent / "fixtures" / "Token.json"
# Later hard forks write to a ring of 8,191 words at every block, and anvil would keep a copy of all state for each
# block, on disk below the home directory: without these, 1,000 blocks take up to 20 s and a gigabyte.
SPEED = ("--hardfork", "paris", "--prune-history", "64")
START_SECONDS = 20.0
BLOCKS_TO_FINALITY = 2


def started_node() -> "Node":
    """A node, to be used as a context; skips the test on a machine that cannot have one."""
    anvil = _anvil()
    if anvil is None:
        pytest.skip("there is no anvil on this machine")
    return Node(anvil)


@functools.cache
def _anvil() -> Path | None:
    return anvil_program()


def reader(token: str, *urls: str, facts: EvmFacts = FACTS) -> EvmChain:
    """The reader of a token's transfers to WALLET, from these endpoints."""
    return EvmChain(Endpoints(urls), WALLET, token, facts)


class Node:
    """anvil on a free port while its context lasts. Each transaction makes a block, final once two more follow it."""

    def __init__(self, anvil: Path) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="sutler-anvil-")
        self._process = subprocess.Popen(
            [str(anvil), "--port", "0", "--slots-in-an-epoch", "1", "--cache-path", self._scratch.name, *SPEED],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._is_listening = threading.Event()
        self.url = ""
        threading.Thread(target=self._read, daemon=True).start()
        self._session = requests.Session()

    def __enter__(self) -> "Node":
        if not self._is_listening.wait(START_SECONDS):
            self._end()
            raise AssertionError("anvil did not start")
        self.web3 = Web3(Web3.HTTPProvider(self.url))
        self.accounts = list(self.web3.eth.accounts)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()

    def rpc(self, method: str, *params: Any) -> Any:
        """The result of a call."""
        document = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = self._session.post(self.url, json=document, timeout=60).json()
        assert "error" not in answer, answer
        return answer["result"]

    def mine(self, blocks: int) -> None:
        """Add empty blocks, a second apart."""
        self.rpc("anvil_mine", hex(blocks))

    def make_final(self) -> None:
        """Add the blocks that make all that is there final."""
        self.mine(BLOCKS_TO_FINALITY)

    @property
    def height(self) -> int:
        """The number of the last block."""
        return int(self.rpc("eth_blockNumber"), 16)

    def time_of(self, number: int) -> int:
        """The time of a block."""
        return int(self.rpc("eth_getBlockByNumber", hex(number), False)["timestamp"], 16)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:  # to its end: anvil would stop once the pipe is full
            if found := re.search(r"Listening on (127\.0\.0\.1:\d+)", line):
                self.url = f"http://{found[1]}"
                self._is_listening.set()

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._scratch.cleanup()


class Token:
    """A token that the node's first account deployed, and holds plenty of."""

    def __init__(self, node: Node, decimals: int = 6) -> None:
        self._node = node
        self.owner = str(node.accounts[0])
        code = json.loads(FIXTURE.read_text())
        deployed = node.web3.eth.contract(abi=code["abi"], bytecode=code["bytecode"]).constructor(decimals)
        address = self._receipt(deployed.transact({"from": self.owner}))["contractAddress"]
        self.address = str(address)
        self.contract: Any = node.web3.eth.contract(address=address, abi=code["abi"])
        self.does("mint", self.owner, 10**40)

    def does(self, function: str, *arguments: Any) -> TxReceipt:
        """Call a function in a transaction of the owner's; it is mined when this returns, failed or not."""
        call = self.contract.functions[function](*arguments)
        return self._receipt(call.transact({"from": self.owner, "gas": 5_000_000}))

    def _receipt(self, tx_hash: Any) -> TxReceipt:
        return self._node.web3.eth.wait_for_transaction_receipt(tx_hash, timeout=30, poll_latency=0.01)
