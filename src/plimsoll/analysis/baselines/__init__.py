"""What is usual: by hour of the week, after the last shift of level, with the trend and the limits learnt from it."""
