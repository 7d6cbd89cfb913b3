"""Train: base + chats -> adapter or whole weights."""
