"""Advisers, one file each: ADVISER turns a bottleneck into advice with a range, its formula and its price."""
