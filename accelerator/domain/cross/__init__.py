"""Models, tasks, metrics and schedules that belong to no field."""
