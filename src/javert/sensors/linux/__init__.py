"""Sensors of Linux hosts."""
