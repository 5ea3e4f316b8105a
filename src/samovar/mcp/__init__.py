"""Samovar as an MCP server."""
