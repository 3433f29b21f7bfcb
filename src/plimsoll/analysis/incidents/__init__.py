"""Incidents: findings of one cause told as one, the likely cause first."""
