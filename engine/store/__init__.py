"""Everything that must survive: the only rooms that speak SQL."""
