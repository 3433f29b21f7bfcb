"""Bottleneck rules, one file each: RULE says what it reads and finds. A file added here is a rule."""
