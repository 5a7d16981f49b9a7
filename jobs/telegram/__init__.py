"""The Telegram bot: what its users write is answered by workers, and nothing of a conversation is kept in a process."""
