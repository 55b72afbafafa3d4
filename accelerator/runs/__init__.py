"""The run folder: its layout, lock, summary, environment and journal. No torch, no MLflow."""
