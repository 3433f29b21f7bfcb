"""Views as bytes: HTML, mail, PDF, PNG, CSV, Prometheus text, terminal."""
