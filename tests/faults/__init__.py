"""The whole system as separate processes, and what it does when its surroundings fail."""
