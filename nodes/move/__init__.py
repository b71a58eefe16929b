"""Node types that read from and write to systems, generic over connection and entity."""
