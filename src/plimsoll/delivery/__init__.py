"""Delivery: reports leave the house by mail and webhook, at least once and visibly, through a durable outbox."""
