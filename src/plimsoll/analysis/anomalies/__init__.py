"""Anomalies: what a series did that it had not done before. One detector a file; nothing is imported here."""
