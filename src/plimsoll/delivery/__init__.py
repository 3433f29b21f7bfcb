"""Delivery: sends reports by mail and webhook, at least once, through a durable outbox."""
