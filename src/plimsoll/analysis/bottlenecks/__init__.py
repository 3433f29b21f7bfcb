"""Bottlenecks: what holds each resource back. Rules over readings, each with its limits and its evidence."""
