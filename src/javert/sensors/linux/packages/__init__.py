"""Whose software a file is: the databases of package managers, read for the few files somebody asks about."""
