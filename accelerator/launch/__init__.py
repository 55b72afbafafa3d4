"""How processes are started: on this machine and, later, on several."""
