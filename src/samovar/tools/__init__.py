"""What agents can do, each as a function that returns a core Tool."""
