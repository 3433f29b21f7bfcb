"""Importing: history from files. Units are declared and converted at the door; a refused row has its reason."""
