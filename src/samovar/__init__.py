"""Samovar: a self-hosted team of AI agents that develops software with open local models."""

__version__ = "0.1.0"
