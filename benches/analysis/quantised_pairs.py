"""Trained weights and their quantised forms, unchanged and after fine-tunes of several sizes, for quantised_pairs.mjs.

The weights are the five 1024 x 256 matrices of the speaker encoder that the package Resemblyzer 0.1.4 ships (three LSTM layers), in bf16. A
fine-tune of size s adds normal noise of s times the root mean square of each matrix before it is quantised; the dense side is never changed.

Written by the libraries themselves: ggml 0.13 (`ggml_quantize_chunk` of libggml-base.so, as pywhispercpp 1.5.1 ships it), gguf 0.19,
bitsandbytes 0.50.2, compressed-tensors 0.20.1. Of AWQ the rounding of autoawq 0.2.9 (`pseudo_quantize_tensor`, without its scales of channels,
which are part of the weights). GPTQ is Algorithm 1 of arXiv:2210.17323 with groups of 128 and inputs of a random covariance, stored by compressed-tensors.

Run:  python quantised_pairs.py LIBGGML PRETRAINED_PT FOLDER
"""

import ctypes
import json
import os
import sys

import gguf
import numpy as np
import torch
from safetensors.torch import save_file

LIBRARY, PRETRAINED, FOLDER = sys.argv[1:]
SIZES = ["0", "0.0001", "0.0003", "0.001", "0.003", "0.01", "0.03", "0.1"]
GGML = ctypes.CDLL(LIBRARY)
GGML.ggml_quantize_chunk.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, *[ctypes.c_int64] * 3, ctypes.c_void_p]
GGML.ggml_quantize_chunk.restype = ctypes.c_size_t


def ggml(kind):
    def write(weights, folder):
        kind_of = gguf.GGMLQuantizationType[kind]
        per_block, block_bytes = gguf.GGML_QUANT_SIZES[kind_of]
        writer = gguf.GGUFWriter(os.path.join(folder, "model.gguf"), "lstm")
        for name, dense in weights.items():
            rows, columns = dense.shape
            values = np.ascontiguousarray(dense.numpy(), np.float32)
            blocks = np.zeros((rows, columns // per_block * block_bytes), np.uint8)
            GGML.ggml_quantize_chunk(int(kind_of), values.ctypes.data, blocks.ctypes.data, 0, rows, columns, None)
            writer.add_tensor(name, blocks, raw_dtype=kind_of)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()

    return write


def huggingface(quantise, config):
    def write(weights, folder):
        tensors = {}
        for name, dense in weights.items():
            tensors.update(quantise(name.removesuffix(".weight"), dense))
        save_file({name: value.contiguous() for name, value in tensors.items()}, os.path.join(folder, "model.safetensors"))
        with open(os.path.join(folder, "config.json"), "w") as f:
            json.dump({"quantization_config": config}, f)

    return write


def nf4(nested):
    def quantise(module, dense):
        import bitsandbytes.functional as F

        packed, state = F.quantize_4bit(dense.to(torch.bfloat16), blocksize=64, compress_statistics=nested, quant_type="nf4")
        name = f"{module}.weight"
        return {name: packed, **{f"{name}.{key}": value for key, value in state.as_dict(packed=True).items()}}

    return huggingface(quantise, {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"})


def int8(module, dense):
    import bitsandbytes.functional as F

    codes, scale, _ = F.int8_vectorwise_quant(dense.half())
    return {f"{module}.weight": codes, f"{module}.SCB": scale, f"{module}.weight_format": torch.tensor(0, dtype=torch.uint8)}


def compressed(form, quantise, **settings):
    def config(args):
        weights = {"num_bits": args["bits"], "type": "int", "strategy": args["strategy"], "group_size": args.get("group"), "symmetric": True}
        return {
            "quant_method": "compressed-tensors", "format": form, "version": "0.20.1", "quantization_status": "compressed",
            "config_groups": {"group_0": {"targets": ["Linear"], "weights": weights}},
        }  # fmt: skip

    def one(module, dense):
        from compressed_tensors.compressors import BaseCompressor
        from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme
        from compressed_tensors.quantization.utils import calculate_qparams

        args = QuantizationArgs(num_bits=settings["bits"], type="int", strategy=settings["strategy"], group_size=settings.get("group"), symmetric=True)
        scheme = QuantizationScheme(targets=["Linear"], weights=args)
        dense = dense.to(torch.bfloat16)
        grouped = dense.reshape(dense.shape[0], -1, settings.get("group") or dense.shape[1])
        scale, zero = calculate_qparams(grouped.amin(2), grouped.amax(2), args)
        scale = scale.to(torch.bfloat16)
        state = {"weight": quantise(dense, scale, settings), "weight_scale": scale, "weight_zero_point": zero}
        packed = BaseCompressor.get_value_from_registry(form).compress(state, scheme)
        return {f"{module}.{key}": value for key, value in packed.items()}

    return huggingface(one, config(settings))


def corrected(dense, scale, settings):
    """Weights on the grid, the error of each column made up for by the later ones."""
    columns = dense.shape[1]
    generator = np.random.default_rng(5)
    inputs = generator.standard_normal((2 * columns, columns)) @ (np.eye(columns) + 0.5 * generator.standard_normal((columns, columns)) / columns**0.5)
    hessian = inputs.T @ inputs
    hessian += 0.01 * np.mean(np.diag(hessian)) * np.eye(columns)
    inverse = np.linalg.cholesky(np.linalg.inv(hessian)).T
    left, steps = dense.double().numpy().copy(), scale.double().numpy()
    out = np.zeros_like(left)
    for column in range(columns):
        step = steps[:, column // settings["group"]]
        out[:, column] = np.clip(np.round(left[:, column] / step), -8, 7) * step
        error = (left[:, column] - out[:, column]) / inverse[column, column]
        left[:, column:] -= np.outer(error, inverse[column, column:])
    return torch.from_numpy(out).to(torch.bfloat16)


def awq(module, dense):
    rows, columns = dense.shape
    grouped = dense.half().float().reshape(rows, -1, 128)
    low, high = grouped.amin(2), grouped.amax(2)
    scales = ((high - low).clamp(min=1e-5) / 15).half().float()
    zeros = (-torch.round(low / scales)).clamp(0, 15)
    codes = (torch.round(grouped / scales[..., None]) + zeros[..., None]).clamp(0, 15).int().reshape(rows, columns)

    def pack(numbers):
        packed = torch.zeros(numbers.shape[0], numbers.shape[1] // 8, dtype=torch.int32)
        for i, order in enumerate([0, 2, 4, 6, 1, 3, 5, 7]):
            packed |= numbers[:, order::8] << (i * 4)
        return packed

    return {f"{module}.qweight": pack(codes.t()), f"{module}.qzeros": pack(zeros.int().t()), f"{module}.scales": scales.half().t()}


def fp8(module, dense):
    rows, columns = dense.shape
    blocks = dense.float().reshape(rows // 128, 128, columns // 128, 128)
    scale = blocks.abs().amax((1, 3)) / 448
    codes = (blocks / scale[:, None, :, None]).reshape(rows, columns).to(torch.float8_e4m3fn)
    return {f"{module}.weight": codes, f"{module}.weight_scale_inv": scale}


SCHEMES = {
    **{kind.lower(): ggml(kind) for kind in ["Q8_0", "Q6_K", "Q5_K", "Q4_K", "Q4_0", "IQ4_XS", "MXFP4", "Q3_K", "Q2_K", "IQ3_S"]},
    "bnb nf4 g64": nf4(False),
    "bnb nf4 g64 nested": nf4(True),
    "bnb int8 row": huggingface(int8, {"quant_method": "bitsandbytes", "load_in_8bit": True}),
    "fp8 e4m3 128x128": huggingface(fp8, {"quant_method": "fp8", "weight_block_size": [128, 128]}),
    "int8 row": compressed("int-quantized", lambda dense, *_: dense, bits=8, strategy="channel"),
    "ct int4 g128": compressed("pack-quantized", lambda dense, *_: dense, bits=4, strategy="group", group=128),
    "awq int4 g128": huggingface(awq, {"quant_method": "awq", "bits": 4, "group_size": 128, "zero_point": True, "version": "gemm"}),
    "gptq": compressed("pack-quantized", corrected, bits=4, strategy="group", group=128),
}


def main():
    state = torch.load(PRETRAINED, map_location="cpu", weights_only=True)["model_state"]
    dense = {f"{name}.weight": value.to(torch.bfloat16).float() for name, value in state.items() if tuple(value.shape) == (1024, 256)}
    assert len(dense) == 5, list(dense)
    os.makedirs(os.path.join(FOLDER, "dense"))
    save_file({name: value.to(torch.bfloat16) for name, value in dense.items()}, os.path.join(FOLDER, "dense", "model.safetensors"))
    generator = torch.Generator().manual_seed(1)
    noise = {name: torch.randn(value.shape, generator=generator) * value.square().mean().sqrt() for name, value in dense.items()}
    for scheme, write in SCHEMES.items():
        for size in SIZES:
            folder = os.path.join(FOLDER, scheme, size)
            os.makedirs(folder)
            write({name: value + float(size) * noise[name] for name, value in dense.items()}, folder)


main()
