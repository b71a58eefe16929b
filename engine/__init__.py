"""The runtime: it runs drawings and knows no Flask and no system by name."""
