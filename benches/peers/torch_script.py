"""The usual torch script: load both state dicts, compute the seven metrics of each tensor one after the other."""

import glob
import json
import sys
import time

import torch
from safetensors.torch import load_file


def load(folder):
    state = {}
    for path in sorted(glob.glob(folder + "/*.safetensors")):
        state.update(load_file(path))
    return state


def compare(a, b):
    a, b = a.float(), b.float()
    d = b - a
    norm = a.norm()
    l2 = d.norm()
    return {
        "l2_diff": l2.item(),
        "l1_diff": d.abs().sum().item(),
        "max_diff": d.abs().max().item(),
        "mean_diff": d.mean().item(),
        "cosine_sim": torch.nn.functional.cosine_similarity(a.flatten(), b.flatten(), dim=0).item(),
        "relative_change": (l2 / norm).item(),
        "change_ratio": (d.abs() > 1e-6).float().mean().item(),
    }


started = time.perf_counter()
with torch.no_grad():
    old, new = load(sys.argv[1]), load(sys.argv[2])
    results = {name: compare(old[name], new[name]) for name in old}
print(json.dumps({"seconds": time.perf_counter() - started, "tensors": len(results)}))
