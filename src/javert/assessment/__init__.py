"""The life of a run: lock, run directory, journal, sensors, evaluation."""
