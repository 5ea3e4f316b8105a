"""The command line: the surface that people and scripts use."""
