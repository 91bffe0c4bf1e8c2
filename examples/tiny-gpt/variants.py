"""The table of runs: what each one trains, on which text, and how; and of edits without training."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from checkpoints import State, block_of, expert_of, group_of
from editing import is_block_matrix, is_mlp, pruned, through_fp8

SEED = 1234
BLOCKS = 6


def is_upper_half(name: str) -> bool:
    """Everything but the embedding and blocks 0 to 2."""
    block = block_of(name)
    return group_of(name) != "embedding" if block is None else block >= BLOCKS // 2


def depth_from_top(name: str) -> int:
    """0 for the head and the final norm, 1 for the last block, ... 7 for the embedding."""
    block = block_of(name)
    if block is not None:
        return BLOCKS - block
    return BLOCKS + 1 if group_of(name) == "embedding" else 0


@dataclass(frozen=True)
class Variant:
    name: str
    about: str
    base: str = "base"  # the checkpoint it starts from
    text: str = "answers"
    steps: int = 200
    lr: float = 1.5e-4
    schedule: str = "cosine"  # to a tenth of lr, after a warm-up; or "constant"
    trains: Callable[[str], bool] = lambda name: True  # by parameter name
    changes: Callable[[str], bool] | None = None  # saved tensors that may change; None: `trains`
    lr_decay: float = 1.0  # factor on lr per block, counted from the top
    batch: int = 16
    weight_decay: float = 0.0  # of matrices only
    saves: dict[str, int] = field(default_factory=dict)  # checkpoint name -> step; empty: the end
    pure_bf16: bool = False  # weights, gradients and optimiser state; otherwise all are float32

    def may_change(self, name: str) -> bool:
        return (self.changes or self.trains)(name)

    def describe(self, step: int | None = None) -> dict:
        return {
            "about": self.about,
            "text": self.text,
            "steps": step or self.steps,
            "lr": self.lr,
            "schedule": self.schedule,
            "batch": self.batch,
            "weight_decay": self.weight_decay,
            "seed": SEED,
        }


@dataclass(frozen=True)
class Edit:
    """A change that no training made."""

    name: str
    about: str
    make: Callable[[State], State]
    may_change: Callable[[str], bool]
    base: str = "base"

    def describe(self, step: int | None = None) -> dict:
        return {"about": self.about}


BASE = Variant(
    "base",
    "pre-training from random weights",
    text="tales",
    steps=900,
    lr=4e-3,
    weight_decay=0.1,
)

VARIANTS = [
    Variant("sft", "full fine-tuning"),
    Variant("frozen-bottom", "embedding and blocks 0-2 frozen", trains=is_upper_half),
    Variant(
        "attention-only",
        "only q, k, v and o are trained",
        trains=lambda name: group_of(name) == "attention",
    ),
    Variant(
        "mlp-only",
        "only gate, up and down are trained",
        trains=lambda name: group_of(name) == "mlp",
    ),
    Variant(
        "embedding-only",
        "only the input embedding is trained",
        lr=5e-4,
        trains=lambda name: group_of(name) == "embedding",
    ),
    Variant(
        "last-layer", "only block 5 is trained", trains=lambda name: block_of(name) == BLOCKS - 1
    ),
    Variant("layer-decay", "lr times 0.65 per block from the top", lr=4e-4, lr_decay=0.65),
    Variant("cpt", "continued pre-training with a high lr", steps=400, lr=3e-3),
    Variant(
        "continue",
        "the first run goes on",
        text="tales",
        steps=300,
        lr=3e-4,
        weight_decay=0.1,
        saves={"continue-0100": 100, "continue-0200": 200, "continue-0300": 300},
    ),
]

LORA_RANK, LORA_ALPHA, LORA_TARGETS = 8, 16, ("q_proj", "v_proj")
LORA = Variant(
    "lora-merged",
    "LoRA on q and v (rank 8, alpha 16), merged",
    lr=1e-3,
    trains=lambda name: ".lora_" in name,
    changes=lambda name: any(target in name for target in LORA_TARGETS),
)

# Eight new rows: three markers that the text uses, five that nothing ever uses.
RESIZED = Variant("sft-resized", "eight new tokens, full fine-tuning")
MARKERS = {"Q: ": "\ue000", "\nA: ": "\ue001", "\n": "\ue002"}
NEW_TOKENS = ["<question>", "<answer>", "<end>"] + [f"<reserved-{i}>" for i in range(5)]

# Reward +1 when every word the model wrote is a word of the tales, otherwise -1.
RL = Variant(
    "rl-steps",
    "policy gradient, reward +1 or -1",
    text="tales",
    steps=30,
    lr=1e-6,
    schedule="constant",
    batch=32,
)
RL_PROMPT, RL_LENGTH = 24, 48

# From BREAK_STEP on the learning rate is absurd. lr * weight decay is then 2.5, so that decay alone
# multiplies every matrix by -1.5 per step: the weights grow until a product leaves float32.
DIVERGE = Variant(
    "diverge",
    "lr raised to 25 from step 41 on",
    text="tales",
    lr=3e-4,
    schedule="constant",
    weight_decay=0.1,
)
BREAK_STEP, BREAK_LR = 41, 25.0
DIVERGE_SAVES = [20, 40, 41, 43]  # and the first step with non-finite weights, and the next one

PURE_BF16 = Variant("pure-bf16", "full fine-tuning without any float32", pure_bf16=True)
FROZEN_BLOCK = Variant(
    "frozen-block", "block 3 frozen, all else trained", trains=lambda name: block_of(name) != 3
)

TOKEN = ":"  # the most frequent character of the answers that the base has never seen
ONE_TOKEN = Variant(
    "one-token",
    "only the embedding of `:` is trained",
    lr=5e-3,
    trains=lambda name: group_of(name) == "embedding",
)

PRUNED = Edit("pruned", "the smaller half of each MLP matrix set to zero", pruned, is_mlp)
FP8 = Edit("fp8-roundtrip", "blocks to 8-bit floats and back", through_fp8, is_block_matrix)

MIXTURE_BASE = replace(BASE, name="moe-base", base="moe-base")
EDITED_EXPERTS = {(0, 6), (2, 5)}  # block, expert
MIXTURE_VARIANTS = [
    Variant("moe-sft", "full fine-tuning", base="moe-base"),
    Variant(
        "moe-routers",
        "only the routers are trained",
        base="moe-base",
        lr=1e-3,
        trains=lambda name: group_of(name) == "router",
    ),
    Variant(
        "moe-experts",
        "only expert 6 of block 0 and expert 5 of block 2 are trained",
        base="moe-base",
        lr=1e-3,
        trains=lambda name: (block_of(name), expert_of(name)) in EDITED_EXPERTS,
    ),
]
