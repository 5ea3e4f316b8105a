"""Traces: what the logs hold, as OpenTelemetry spans."""
