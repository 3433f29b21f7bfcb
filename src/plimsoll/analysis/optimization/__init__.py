"""The optimization document, and the evidence behind it."""
