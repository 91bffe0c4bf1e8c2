"""The usual numpy script: load every tensor of both checkpoints, compute the seven metrics one after the other."""

import glob
import json
import struct
import sys
import time

import numpy as np


def load(folder):
    tensors = {}
    for path in sorted(glob.glob(folder + "/*.safetensors")):
        with open(path, "rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(length))
        header.pop("__metadata__", None)
        data = np.memmap(path, np.uint8, mode="r", offset=8 + length)
        for name, entry in header.items():
            start, end = entry["data_offsets"]
            bits = data[start:end].view(np.uint16).astype(np.uint32) << 16
            tensors[name] = bits.view(np.float32).reshape(entry["shape"])
    return tensors


def compare(a, b):
    d = b - a
    norm = np.linalg.norm(a)
    l2 = np.linalg.norm(d)
    return {
        "l2_diff": l2,
        "l1_diff": np.abs(d).sum(),
        "max_diff": np.abs(d).max(),
        "mean_diff": d.mean(),
        "cosine_sim": np.dot(a.ravel(), b.ravel()) / (norm * np.linalg.norm(b)),
        "relative_change": l2 / norm,
        "change_ratio": (np.abs(d) > 1e-6).mean(),
    }


started = time.perf_counter()
old, new = load(sys.argv[1]), load(sys.argv[2])
results = {name: compare(old[name], new[name]) for name in old}
print(json.dumps({"seconds": time.perf_counter() - started, "tensors": len(results)}))
