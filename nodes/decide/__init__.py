"""Node types that decide where a record goes."""
