"""Puts an assessment into a form for people or programs. Reports read the assessment and nothing else."""
