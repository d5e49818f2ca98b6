"""How a service runs and talks: the one loop, queues, workers, control pipes, processor cores."""
