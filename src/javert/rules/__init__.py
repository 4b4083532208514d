"""The six rules: pure functions from telemetry to verdicts, one module a rule, named by its id."""
