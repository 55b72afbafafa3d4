"""What a user writes by hand, in plain PyTorch.

`plain` is what most write: a DataLoader and the default AdamW. `best` is the best one can write for data in memory:
slices of the shuffled tensors, fused AdamW, gradients set to None, channels_last for convolutions.
"""

import time

import torch
from torch.utils.data import DataLoader

from benchmarks.workloads import Workload, tensors


def plain(workload: Workload) -> float:
    """Return the seconds of the timed steps."""
    model, criterion = workload.model(), torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    loader = DataLoader(tensors(workload.name), batch_size=workload.batch_size, shuffle=True)
    began = 0.0
    for step, (inputs, targets) in enumerate(loader):
        if step == workload.warmup:
            began = time.perf_counter()
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        optimizer.step()
    return time.perf_counter() - began


def best(workload: Workload) -> float:
    """Return the seconds of the timed steps."""
    model, criterion = workload.model(), torch.nn.CrossEntropyLoss()
    if len(workload.shape) == 3:
        model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    inputs, targets = tensors(workload.name).tensors
    order = torch.randperm(workload.samples)
    began = 0.0
    for step in range(workload.warmup + workload.steps):
        if step == workload.warmup:
            began = time.perf_counter()
        chosen = order[step * workload.batch_size : (step + 1) * workload.batch_size]
        loss = criterion(model(inputs[chosen]), targets[chosen])
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return time.perf_counter() - began
