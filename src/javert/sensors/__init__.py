"""Sensors touch the world and only produce telemetry records."""
