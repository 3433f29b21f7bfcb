"""The read-only HTTP service: the specification's routes, reports and feeds, and the live page."""
