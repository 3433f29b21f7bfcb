"""The scheduler: its calendar, what is due, one owner, and the ticks that make it go."""
