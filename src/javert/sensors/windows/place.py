"""What stands for a network namespace on Windows, where there is one."""

NETWORK = 1
"""Its number; 0 would mean that it is not known."""
