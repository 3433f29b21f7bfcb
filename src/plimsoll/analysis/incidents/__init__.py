"""Incidents: findings of one cause reported as one, the likely cause first."""
