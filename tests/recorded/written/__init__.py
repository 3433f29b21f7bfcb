"""Payloads of exporters, described in few words and written out by us: `python -m tests.recorded.written` writes the files."""
