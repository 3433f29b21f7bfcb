"""Scraping: Prometheus exporters as they are, today's and last year's names, without inventing a value."""
