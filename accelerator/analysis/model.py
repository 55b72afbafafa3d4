"""What a model costs: parameters, FLOPs, output shapes, time and memory, for each module and in all.

FLOPs are those of one forward pass of one sample; a multiply-add counts two (torch's own counter). Time is measured
by hooks around every module, on the device, over several passes of the same batch.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

WARM_UP = 3
REPEATS = 30
_ATTENTION = "MultiheadAttention"
_HEAVY_SHARE = 0.4
_SMALL_SHARE = 0.1


@dataclass
class ModuleAnalysis:
    """One module, with all below it. Times are seconds of one pass, sizes bytes."""

    name: str
    kind: str
    parameters: int = 0
    trainable: int = 0
    flops: int = 0
    output_shapes: list[list[int]] = field(default_factory=list)
    latency_median: float = 0.0
    latency_p95: float = 0.0
    weight_bytes: int = 0
    output_bytes: int = 0
    is_leaf: bool = False
    calls: int = 0
    """How often one pass calls it."""


@dataclass(frozen=True)
class ModelAnalysis:
    """What `analyze` found; the first module, named "", is the model itself."""

    batch_size: int
    device: str
    modules: list[ModuleAnalysis]
    peak_bytes: int | None
    """Most device memory of one pass, weights included; None where the device does not tell."""
    bottlenecks: list[str]
    notes: list[str]

    @property
    def model(self) -> ModuleAnalysis:
        """The whole model."""
        return self.modules[0]

    def to_json(self) -> dict[str, Any]:
        """Return what `analysis/model.json` holds."""
        whole = asdict(self.model)
        return {
            **{name: whole[name] for name in ("kind", "parameters", "trainable", "flops", "output_shapes")},
            **{name: whole[name] for name in ("latency_median", "latency_p95", "weight_bytes")},
            "output_bytes": sum(item.output_bytes for item in self.modules if item.is_leaf),
            "peak_bytes": self.peak_bytes,
            "batch_size": self.batch_size,
            "device": self.device,
            "bottlenecks": self.bottlenecks,
            "notes": self.notes,
            "modules": [asdict(item) for item in self.modules[1:]],
        }


def analyze(
    model: nn.Module, call: Callable[[], Any], call_one: Callable[[], Any], batch_size: int, repeats: int = REPEATS
) -> ModelAnalysis:
    """Run a model several times and tell what it costs. Gradients are off, and it is in evaluation mode.

    Args:
        model: the model, on its device.
        call: runs it on a batch.
        call_one: runs it on one sample.
        batch_size: samples of the batch.
        repeats: how often the batch is run to measure time.
    """
    modules = _modules(model)
    notes: list[str] = []
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        with torch.no_grad():
            _count_flops(model, call_one, modules, notes)
            with _recording_outputs(model, modules):
                call()
            peak = _measure(model, call, modules, repeats)
    finally:
        for module, training in modes.items():
            module.training = training
    found = list(modules.values())
    return ModelAnalysis(batch_size, str(_device(model)), found, peak, bottlenecks(found), notes)


def bottlenecks(modules: list[ModuleAnalysis]) -> list[str]:
    """Say in words where time, FLOPs, weights and activations go; the modules are those of one model, itself first."""
    whole, leaves = modules[0], [item for item in modules if item.is_leaf and item.calls]
    parts: list[tuple[str, Callable[[ModuleAnalysis], float]]] = [
        ("time", lambda item: item.latency_median),
        ("FLOPs", lambda item: item.flops),
        ("weights", lambda item: item.weight_bytes),
        ("activations", lambda item: item.output_bytes),
    ]
    found = []
    for what, size in parts:
        total = sum(size(item) for item in leaves)
        if not total or len(leaves) < 2:
            continue
        largest = max(leaves, key=size)
        share = size(largest) / total
        if share >= _HEAVY_SHARE:
            found.append(f"{largest.name} ({largest.kind}) takes {share:.0%} of the {what}.")
    flops, seconds = sum(item.flops for item in leaves), sum(item.latency_median for item in leaves)
    for item in sorted(leaves, key=lambda item: -item.latency_median):
        if not flops or not seconds:
            break
        time_share, flop_share = item.latency_median / seconds, item.flops / flops
        if time_share >= _SMALL_SHARE and flop_share < time_share / 4:
            found.append(
                f"{item.name} ({item.kind}) takes {time_share:.0%} of the time for {flop_share:.0%} of the FLOPs: "
                f"memory or overhead bounds it, not arithmetic."
            )
    attention = {f"{item.name}.out_proj".lstrip(".") for item in modules if item.kind == _ATTENTION and item.calls}
    idle = [item for item in modules[1:] if item.is_leaf and item.parameters and not item.calls]
    unused = [item.name for item in idle if item.name not in attention]  # attention takes the weights of that itself
    if unused:
        found.append(f"Not called by a forward pass, though with parameters: {', '.join(unused[:8])}.")
    return found or [f"No single module of {whole.kind} stands out."]


def _modules(model: nn.Module) -> dict[str, ModuleAnalysis]:
    found = {}
    for name, module in model.named_modules():
        parameters = list(module.parameters())
        tensors = [*parameters, *module.buffers()]
        found[name] = ModuleAnalysis(
            name=name,
            kind=type(module).__name__,
            parameters=sum(item.numel() for item in parameters),
            trainable=sum(item.numel() for item in parameters if item.requires_grad),
            weight_bytes=sum(item.numel() * item.element_size() for item in tensors),
            is_leaf=not any(True for _ in module.children()),
        )
    return found


def _count_flops(
    model: nn.Module, call_one: Callable[[], Any], modules: Mapping[str, ModuleAnalysis], notes: list[str]
) -> None:
    with _counted_attention(), FlopCounterMode(display=False) as counter:
        call_one()
    by_module = counter.get_flop_counts()
    root = type(model).__name__
    for name, item in modules.items():
        item.flops = sum(by_module.get(f"{root}.{name}" if name else root, {}).values())
    modules[""].flops = counter.get_total_flops()
    if not modules[""].flops:
        notes.append("torch's counter knows none of this model's operations: FLOPs are 0.")
    elif unknown := [
        name for name, module in model.named_modules() if _is_recurrent(module) and not modules[name].flops
    ]:
        notes.append(
            f"torch's counter does not know what these modules compute, FLOPs are 0: {', '.join(unknown[:8])}."
        )


@contextmanager
def _counted_attention() -> Iterator[None]:
    """Let attention take its steps one by one: torch's counter does not know the kernels that do all at once."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def _is_recurrent(module: nn.Module) -> bool:
    return isinstance(module, nn.RNNBase | nn.RNNCellBase)


@contextmanager
def _recording_outputs(model: nn.Module, modules: Mapping[str, ModuleAnalysis]) -> Iterator[None]:
    """Note the shapes and sizes of what every module returns in the pass inside."""

    def note(item: ModuleAnalysis, output: Any) -> None:
        tensors = list(_tensors(output))
        item.calls += 1
        item.output_bytes += sum(tensor.numel() * tensor.element_size() for tensor in tensors)
        if item.calls == 1:
            item.output_shapes = [list(tensor.shape) for tensor in tensors]

    handles = [
        module.register_forward_hook(lambda _module, _inputs, output, item=modules[name]: note(item, output))
        for name, module in model.named_modules()
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _measure(
    model: nn.Module, call: Callable[[], Any], modules: Mapping[str, ModuleAnalysis], repeats: int
) -> int | None:
    """Fill in the times of every module; return the peak memory of a pass without hooks."""
    device = _device(model)
    for _ in range(WARM_UP):
        call()
    peak = _peak_bytes(device, call)
    times: dict[str, list[float]] = {name: [] for name in modules}
    with _timing(model, device, times):
        for _ in range(repeats):
            for spent in times.values():
                spent.append(0.0)
            call()
    for name, item in modules.items():
        ordered = sorted(times[name])
        item.latency_median = statistics.median(ordered)
        item.latency_p95 = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    return peak


@contextmanager
def _timing(model: nn.Module, device: torch.device, times: Mapping[str, list[float]]) -> Iterator[None]:
    """Add the time of each module's calls to the last entry of its list."""
    began: dict[str, list[float]] = {name: [] for name in times}

    def start(name: str) -> None:
        _wait(device)
        began[name].append(time.perf_counter())

    def stop(name: str) -> None:
        _wait(device)
        times[name][-1] += time.perf_counter() - began[name].pop()

    handles = []
    for name, module in model.named_modules():
        handles.append(module.register_forward_pre_hook(lambda *_, name=name: start(name)))
        handles.append(module.register_forward_hook(lambda *_, name=name: stop(name)))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _peak_bytes(device: torch.device, call: Callable[[], Any]) -> int | None:
    if device.type != "cuda":
        call()
        return None
    torch.cuda.reset_peak_memory_stats(device)
    call()
    return torch.cuda.max_memory_allocated(device)


def _wait(device: torch.device) -> None:
    if device.type != "cpu":
        torch.accelerator.synchronize(device)


def _device(model: nn.Module) -> torch.device:
    return next((tensor.device for tensor in [*model.parameters(), *model.buffers()]), torch.device("cpu"))


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _tensors(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _tensors(item)
