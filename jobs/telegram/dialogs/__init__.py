"""What can be talked about, one subject a file."""
