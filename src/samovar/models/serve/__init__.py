"""An OpenAI-compatible server over a model of this machine."""
