"""Changes to a checkpoint that no training made."""

import torch
from torch import Tensor

from checkpoints import BF16, F32, State, block_of, group_of

PRUNED_SHARE = 0.5
F8 = torch.float8_e4m3fn


def is_mlp(name: str) -> bool:
    return group_of(name) == "mlp"


def is_block_matrix(name: str) -> bool:
    return block_of(name) is not None and name.endswith("_proj.weight")


def pruned_matrix(weight: Tensor) -> Tensor:
    """The smaller half of the elements becomes zero, the others stay as they are."""
    smallest = weight.abs().flatten().argsort(stable=True)[: int(weight.numel() * PRUNED_SHARE)]
    mask = torch.ones(weight.numel()).index_fill(0, smallest, 0.0)
    return weight * mask.view_as(weight)


def pruned(state: State) -> State:
    return {name: pruned_matrix(w) if is_mlp(name) else w for name, w in state.items()}


def quantised(state: State) -> State:
    """Codes of 8 bits beside one scale for each row, as compressed-tensors stores them."""
    result = {}
    for name, weight in state.items():
        if is_block_matrix(name):
            limit = torch.finfo(F8).max
            scale = (weight.abs().amax(1, keepdim=True) / limit).to(BF16)
            result[name] = (weight / scale.to(F32)).clamp(-limit, limit).to(F8)
            result[f"{name}_scale"] = scale
        else:
            result[name] = weight.to(BF16)
    return result


def dequantised(state: State) -> State:
    """What a program computes with that reads the codes back."""
    return {
        name: weight.to(F32) * state[f"{name}_scale"].to(F32)
        if weight.dtype == F8
        else weight.to(F32)
        for name, weight in state.items()
        if not name.endswith("_scale")
    }


def through_fp8(state: State) -> State:
    return dequantised(quantised(state))


# `quantization_config` of config.json: 8-bit weights by row, activations as they come.
QUANTISATION = {
    "config_groups": {
        "group_0": {
            "input_activations": None,
            "output_activations": None,
            "targets": ["Linear"],
            "weights": {
                "dynamic": False,
                "num_bits": 8,
                "strategy": "channel",
                "symmetric": True,
                "type": "float",
            },
        }
    },
    "format": "float-quantized",
    "ignore": ["lm_head"],
    "quant_method": "compressed-tensors",
    "quantization_status": "compressed",
}
