"""Where the organisation's jobs, credits, approvals and effects are kept."""
