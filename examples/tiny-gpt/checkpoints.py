"""Writing checkpoints in the layouts found in the wild, and measuring how far apart two are."""

import hashlib
import json
import math
import re
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from model import Config

BF16, F32 = torch.bfloat16, torch.float32
State = dict[str, Tensor]


def rounded(state: State) -> State:
    """The values that remain when a state has been saved as bfloat16, in float32."""
    return {name: tensor.to(BF16).to(F32) for name, tensor in state.items()}


# --------------------------------------------------------------------------------------- writing


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def folder_for(folder: Path, config: Config, dtype: torch.dtype) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", config.as_json(dtype))


def converted(state: State, dtype: torch.dtype) -> State:
    return {name: tensor.to(dtype).contiguous().clone() for name, tensor in state.items()}


def save_shard(path: Path, state: State) -> None:
    save_file(state, path, metadata={"format": "pt"})
    path.chmod(0o644)  # safetensors leaves its temporary file's 600


def write_safetensors(folder: Path, state: State, config: Config, dtype: torch.dtype = BF16) -> str:
    """Returns the SHA-256 of the weights file."""
    folder_for(folder, config, dtype)
    path = folder / "model.safetensors"
    save_shard(path, converted(state, dtype))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_sharded(folder: Path, state: State, config: Config, max_shard_bytes: int) -> None:
    """Fills one shard after the other in the order of the state, as Hugging Face does."""
    folder_for(folder, config, BF16)
    shards: list[State] = [{}]
    size = 0
    for name, tensor in converted(state, BF16).items():
        if size + tensor.nbytes > max_shard_bytes:
            shards.append({})
            size = 0
        shards[-1][name] = tensor
        size += tensor.nbytes
    weight_map = {}
    for number, shard in enumerate(shards, start=1):
        file = f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        save_shard(folder / file, shard)
        weight_map |= dict.fromkeys(shard, file)
    total = sum(tensor.nbytes for shard in shards for tensor in shard.values())
    index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(weight_map.items()))}
    write_json(folder / "model.safetensors.index.json", index)


def write_pickle(folder: Path, state: State, config: Config) -> None:
    folder_for(folder, config, BF16)
    torch.save(converted(state, BF16), folder / "pytorch_model.bin")


def write_quantised(folder: Path, state: State, config: Config, quantisation: dict) -> str:
    """Writes codes, scales and what was not quantised, each in the type it has."""
    folder.mkdir(parents=True, exist_ok=True)
    described = config.as_json(BF16) | {"quantization_config": quantisation}
    write_json(folder / "config.json", dict(sorted(described.items())))
    path = folder / "model.safetensors"
    save_shard(path, state)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_safetensors(folder: Path) -> State:
    """The values of a checkpoint, in float32."""
    return {
        name: tensor.to(F32) for name, tensor in load_file(folder / "model.safetensors").items()
    }


# ------------------------------------------------------------------------------------- measuring


GROUPS = ("embedding", "attention", "router", "experts", "mlp", "norm", "lm_head")


def group_of(name: str) -> str:
    for part, group in [
        ("embed_tokens", "embedding"),
        (".self_attn.", "attention"),
        (".block_sparse_moe.gate.", "router"),
        (".experts.", "experts"),
        (".mlp.", "mlp"),
        ("lm_head", "lm_head"),
    ]:
        if part in name:
            return group
    return "norm"


def block_of(name: str) -> int | None:
    found = re.match(r"model\.layers\.(\d+)\.", name)
    return int(found[1]) if found else None


def expert_of(name: str) -> int | None:
    found = re.search(r"\.experts\.(\d+)\.", name)
    return int(found[1]) if found else None


def groups_of(state: State) -> list[str]:
    present = {group_of(name) for name in state}
    return [group for group in GROUPS if group in present]


def relative_change(old: State, new: State, names: list[str]) -> float | None:
    """sqrt(sum |new - old|^2 / sum max(|old|^2, |new|^2)), both sums over whole tensors.

    None where a value is not finite.
    """
    difference = size = 0.0
    for name in names:
        a, b = old[name].double(), new[name].double()
        difference += (b - a).square().sum().item()
        size += max(a.square().sum().item(), b.square().sum().item())
    if size == 0:
        return 0.0
    result = math.sqrt(difference / size)
    return significant(result) if math.isfinite(result) else None


def significant(value: float) -> float:
    return float(f"{value:.6g}")


def number(value: float) -> float | str:
    """JSON has no NaN and no infinity: they are written as words."""
    return significant(value) if math.isfinite(value) else str(value)


def compare(old: State, new: State, exact: State | None = None) -> dict:
    """Measures two states as they were saved; `exact` is the new one before it was rounded.

    Where the new state has more rows, only the rows both have are compared.
    """
    new = {name: tensor[: len(old[name])] for name, tensor in new.items()}
    matrices = [name for name in old if old[name].dim() == 2]
    changed = {name: int((old[name] != new[name]).sum()) for name in old}
    result = {
        "relative_change": relative_change(old, new, matrices),
        "changed_fraction": significant(
            sum(changed.values()) / sum(tensor.numel() for tensor in old.values())
        ),
        "changed_tensors": sum(count > 0 for count in changed.values()),
        "by_group": {
            group: relative_change(old, new, [name for name in old if group_of(name) == group])
            for group in groups_of(old)
        },
        "by_block": [
            relative_change(old, new, [name for name in matrices if block_of(name) == block])
            for block in sorted({block_of(name) for name in matrices} - {None})
        ],
    }
    if exact is not None:
        exact = {name: tensor[: len(old[name])] for name, tensor in exact.items()}
        result["relative_change_before_rounding"] = relative_change(old, exact, matrices)
    return result


def non_finite(state: State) -> dict[str, int]:
    """Tensor name -> number of elements that are NaN or infinite, where there are any."""
    counts = {name: int((~tensor.isfinite()).sum()) for name, tensor in state.items()}
    return {name: count for name, count in counts.items() if count}


def norm_of_finite(state: State) -> float:
    squares = (tensor.double()[tensor.isfinite()].square().sum() for tensor in state.values())
    return significant(math.sqrt(sum(square.item() for square in squares)))
