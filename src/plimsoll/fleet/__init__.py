"""What the fleet consists of and what is expected of it: resources, load lines, muting, prices."""
