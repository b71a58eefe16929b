"""One folder a system: connector.py, shapes.json, sandbox.py, README.md."""
