"""Plots as SVG, made on the server."""
