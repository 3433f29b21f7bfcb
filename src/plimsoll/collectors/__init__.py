"""Collectors: one source a file. Nothing here imports polars or duckdb; a collecting process stays small."""
