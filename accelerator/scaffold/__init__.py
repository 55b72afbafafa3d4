"""What `accelerator add` and `accelerator configure` write into a user's project, and what they find in it."""
