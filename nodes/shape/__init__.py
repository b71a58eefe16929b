"""Node types that change the shape or the number of records."""
