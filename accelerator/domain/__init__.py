"""Components by field. They are reached by name, through entry points, and imported by nobody."""
