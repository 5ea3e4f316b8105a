"""Models: anything that answers a request, and what was measured of it."""
