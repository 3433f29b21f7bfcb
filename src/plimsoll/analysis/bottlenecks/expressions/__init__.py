"""What rules compare and count: terms, conditions and measures, each evaluated in NumPy and written as SQL."""
