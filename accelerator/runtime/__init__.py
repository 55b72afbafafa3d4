"""What trains: the context, its state, the events, the task, the loop, the engine, data and checkpoints."""
