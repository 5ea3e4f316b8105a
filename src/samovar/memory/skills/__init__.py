"""Functions agents wrote, tested in the sandbox and kept as tools."""
