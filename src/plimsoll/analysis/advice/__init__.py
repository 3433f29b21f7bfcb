"""Advice: what to do about bottlenecks, what it costs and brings, and whether it came true."""
