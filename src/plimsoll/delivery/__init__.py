"""Delivery: sends reports and alerts by mail and to other services, at least once, through a durable outbox."""
