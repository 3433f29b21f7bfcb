"""Capacity: pools, days to the load line, dates to decide by, choices.

Nothing is imported here: the settings stand beside the analysis, and who reads only settings must not load polars.
"""
