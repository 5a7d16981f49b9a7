"""What workers do. A job carries ids only, may run twice, at once or late, and is found again when Redis lost it."""
