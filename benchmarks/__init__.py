"""What Accelerator costs, measured against plain PyTorch; `make bench` writes the tables, `make bench-check` reads."""
