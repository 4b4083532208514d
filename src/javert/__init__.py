"""Javert watches a host for a while and says, with proof, where its runtime behaviour is insecure."""

__version__ = "0.1.0"
