"""Optimization: what holds each resource back (rules), what to do about it (advisers), and its worth together."""
