"""Payloads of exporters, described in few words; `python -m tests.recorded.written` writes the files."""
