"""Sensors of a Windows host."""
