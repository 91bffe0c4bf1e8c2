"""Writes each safetensors file again as FILE.pt."""

import sys

import torch
from safetensors.torch import load_file

for path in sys.argv[1:]:
    torch.save(load_file(path), path + ".pt")
