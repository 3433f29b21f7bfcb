"""Pure functions: frames in, frames out; no file, no clock, no project."""
