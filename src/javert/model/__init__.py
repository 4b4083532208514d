"""Frozen records that travel between the parts: telemetry, findings, exclusions, assessments. No I/O."""
