"""Settings: TOML layers merged key by key into frozen, typed sections that know where each value was set."""

from plimsoll.config.loading import MAX_FILE_BYTES, Config, Duration, Layer, Section, as_frozen, load

__all__ = ["MAX_FILE_BYTES", "Config", "Duration", "Layer", "Section", "as_frozen", "load"]
