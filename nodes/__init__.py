"""The node types and connectors that ship with Heddle. They may import engine, and nothing of designer."""
