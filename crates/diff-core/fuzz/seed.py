"""Fills corpus/: from the fixtures whole files for the readers and pickles alone for the machine; parts and programs of views made here."""

import os
import shutil
import struct
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(HERE, "../../../__test__/fixtures")


def put(target, name, content):
    folder = os.path.join(HERE, "corpus", target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as f:
        f.write(content)


shutil.rmtree(os.path.join(HERE, "corpus"), ignore_errors=True)
for folder in ("torch", "hostile", "metrics", "numpy", "objects", "gguf"):
    for name in sorted(os.listdir(os.path.join(FIXTURES, folder))):
        path = os.path.join(FIXTURES, folder, name)
        if name.endswith((".py", ".json")) or not os.path.isfile(path) or os.path.getsize(path) > 1 << 16:
            continue
        with open(path, "rb") as f:
            content = f.read()
        if name.endswith(".npy"):
            put("npy", name, content)
            put("npz", name, content)
        elif name.endswith(".npz"):
            put("npz", name, content)
            put("zip_walk", name, content)
        elif content[:4] == b"PK\3\4":
            put("zip_walk", name, content)
            try:
                with zipfile.ZipFile(path) as z:
                    for entry in z.namelist():
                        if entry.endswith("data.pkl"):
                            pickle = z.read(entry)
                            put("torch_zip", name, pickle)
                            put("pickle_machine", name, pickle)
            except Exception as e:  # archives that are broken on purpose
                print(name, e)
        elif content[:1] == b"\x80" or name.endswith(".pkl"):
            put("torch_legacy", name, content)
            put("pickle_machine", name, content)
        elif name.endswith(".safetensors"):
            put("safetensors", name, content)
        elif name.endswith(".gguf"):
            put("gguf", name, content)
for name in ("dcp", "dcp-bare"):
    with open(os.path.join(FIXTURES, "distributed", name, ".metadata"), "rb") as f:
        put("dcp_metadata", name, f.read())
for name in ("fsdp-1", "fsdp-2", "fsdp-2-grid"):
    with zipfile.ZipFile(os.path.join(FIXTURES, "distributed", name, "model_world_size_4_rank_3.pt")) as z:
        for entry in z.namelist():
            if entry.endswith("data.pkl"):
                put("fsdp_rank", name, z.read(entry))
for name, content in (
    ("index", b'{"metadata":{"total_size":1},"weight_map":{"a":"one.safetensors"}}'),
    ("pipeline", b'{"_class_name":"P","unet":["diffusers","U"]}'),
    ("modules", b'[{"idx":0,"name":"0","path":"unet","type":"x"}]'),
    ("config", b'{"transformers_weights":"one.safetensors"}'),
):
    put("hf_index", name, content)
quantised = os.path.join(FIXTURES, "quantised")
for name in sorted(os.listdir(quantised)):
    if os.path.isdir(os.path.join(quantised, name)):
        parts = []
        for file in ("config.json", "model.safetensors"):
            with open(os.path.join(quantised, name, file), "rb") as f:
                parts.append(f.read())
        put("quantised", name, b"\0".join(parts))
        put("safetensors", name, parts[1])


def item(elements):
    # Bits were compared; no error. Then the statistics, of which all but the first number are zero, and three empty distributions.
    return bytes([1, 0]) + struct.pack("<Q", elements) + bytes(258) + bytes(6)


def error(code, what):
    texts = b"".join(struct.pack("<I", len(text)) + text for text in (code, what))
    return bytes([0, 1]) + texts + bytes(7) + bytes(6)


head = struct.pack("<IQQ", 1, 0, 2)
put("part", "zeros", head + item(300) + item(1 << 21))
put("part", "errors", head + error(b"E_IO", b"gone") + error(b"E_NO_DATA", b""))


def size(number):
    # As views.rs reads sizes: at most 16, times a power of two.
    power = next(power for power in range(16) if number % (1 << power) == 0 and number >> power <= 16)
    return power << 4 | (number >> power) - 1


# Steps of views.rs: into rows and columns, axes in another order, a part of each axis, joined to itself, a number added, other signs.
def rows(rows, columns):
    return [1, size(rows), size(columns), 0]


TURN = [0, 1, 0, 0]
PROGRAMS = {
    "turned": (64, 64, [rows(64, 64), TURN]),
    "heads": (1024, 72, [rows(32, 8), [0, 0, 1, 0]]),
    "cut": (24, 40, [rows(24, 40), [2, 3, 2, 0], [0, 2, 1, 0]]),
    "joined": (10, 9, [rows(10, 9), [3, 0, 0, 1], TURN, [3, 0, 0, 2]]),
    "values": (1024, 72, [rows(8, 3), [4, 2, 0, 0], TURN, [5, 0, 0, 0]]),
    "tiles": (1024, 72, [rows(1024, 72), TURN]),
    "chunks": (1024, 640, [rows(1024, 640), TURN]),
    "planes": (3072, 24, [rows(3, 1024), [0, 2, 0, 0]]),
}
NOTHING = [2, 0, 0, 0]
# Around 1 in every type.
NUMBERS = bytes.fromhex("3f20bfa04040bf4040003f81")
for name, (height, width, steps) in PROGRAMS.items():
    program = b"".join(map(bytes, steps + [NOTHING] * (6 - len(steps))))
    # Types and maps of both sides: floats of 32 bits, or of 16 and of 8; the new side turned too, or in order.
    for at, (old, new, turned) in enumerate((((0, 1), (0, 0), True), ((1, 1), (1, 0), False), ((0, 1), (3, 1), True))):
        sides = bytes([old[0], 1, old[1]]) + program + bytes([new[0], 2, new[1]]) + (program if turned else bytes(NOTHING * 6))
        put("views", f"{name}-{at}", bytes([size(height), size(width), 2]) + sides + NUMBERS)
