"""A project folder: its settings, jobs and templates, what a job receives, and how one job is run."""

from plimsoll.project.folder import Project, builtin_root, open_project, sections

__all__ = ["Project", "builtin_root", "open_project", "sections"]
