"""Tables, and the transactions that keep them true."""
