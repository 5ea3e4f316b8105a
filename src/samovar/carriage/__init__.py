"""Files of tasks that travel by the database, for workers that share no folder with the home."""
