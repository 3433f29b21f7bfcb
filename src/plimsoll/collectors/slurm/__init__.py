"""Slurm: who waits, who runs, which GPUs are given away; by the scheduler's own JSON, versions 21.08 to 24.05."""
