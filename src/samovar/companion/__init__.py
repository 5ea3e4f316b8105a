"""A conversation at work: a model, its tools and rules, and a copy of the project's files."""
