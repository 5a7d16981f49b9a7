"""The two commands of a checkout, bin/run and bin/test; for development, and imported by nothing in production."""
