"""What all runs share: the texts, the bases, and the log that every checkpoint is written into."""

import hashlib
import math
import platform
import time
from dataclasses import replace
from pathlib import Path

import numpy
import safetensors
import torch

from checkpoints import (
    BF16,
    F32,
    State,
    compare,
    non_finite,
    norm_of_finite,
    number,
    read_safetensors,
    rounded,
    write_pickle,
    write_quantised,
    write_safetensors,
    write_sharded,
)
from editing import QUANTISATION, quantised
from learning import (
    Text,
    WordGame,
    held_out_loss,
    model_with,
    read,
    resize,
    snapshot,
    train,
    train_by_reward,
    train_lora,
    train_one_token,
    train_until_broken,
    with_markers,
)
from mixture import MixtureConfig
from model import Config, TinyGPT
from variants import (
    BASE,
    BLOCKS,
    DIVERGE,
    FP8,
    LORA,
    MARKERS,
    MIXTURE_BASE,
    NEW_TOKENS,
    ONE_TOKEN,
    RESIZED,
    RL,
    SEED,
    TOKEN,
    Edit,
    Variant,
)

HERE = Path(__file__).parent


class Run:
    """Everything the runs share, and the log they write into."""

    def __init__(self, out: Path, log: dict) -> None:
        self.out = out
        contents = {name: read(name) for name in ("tales", "answers")}
        self.vocabulary = {c: i for i, c in enumerate(sorted(set("".join(contents.values()))))}
        self.texts = {name: Text(content, self.vocabulary) for name, content in contents.items()}
        self.configs = {
            BASE.name: Config(len(self.vocabulary), num_hidden_layers=BLOCKS),
            MIXTURE_BASE.name: MixtureConfig(len(self.vocabulary)),
        }
        self.checkpoints: dict[str, dict] = log.get("checkpoints", {})
        self.other_layouts: dict[str, dict] = log.get("other_layouts", {})
        self.bases: dict[str, State] = {}  # as they were saved
        self.started = time.monotonic()

    def base(self, name: str) -> State:
        """A base that this run has not trained is the committed one."""
        if name not in self.bases:
            self.bases[name] = snapshot(
                model_with(self.configs[name], read_safetensors(HERE / name))
            )
        return self.bases[name]

    def losses(self, config: Config, state: State) -> dict[str, float | str]:
        model = model_with(config, state)
        return {name: number(held_out_loss(model, text)) for name, text in self.texts.items()}

    def save(
        self, name: str, change: Variant | Edit, state: State, step: int | None = None, **more
    ) -> None:
        """Writes a checkpoint that started from a base and logs it, measured as it was saved."""
        kept, base, config = rounded(state), self.base(change.base), self.configs[change.base]
        self.demand_frozen(change, base, kept)
        entry = change.describe(step) | {
            "loss_before": self.checkpoints[change.base]["loss_after"],
            "loss_after": more.pop("loss_after", None) or self.losses(config, kept),
            "change_from_base": compare(base, kept, state),
            **more,
        }
        self.write(name, config, state, entry)

    def write(self, name: str, config: Config, state: State, entry: dict) -> None:
        config = replace(config, vocab_size=len(state["lm_head.weight"]))
        entry["sha256"] = write_safetensors(self.out / name, state, config)
        self.checkpoints[name] = entry
        print(f"{time.monotonic() - self.started:6.0f} s  {name}: {entry.get('loss_after')}")

    def demand_frozen(self, change: Variant | Edit, base: State, kept: State) -> None:
        """What may not change must be bit-identical to the base."""
        for name, tensor in base.items():
            if not change.may_change(name) and not torch.equal(tensor, kept[name]):
                raise SystemExit(f"{change.name}: {name} should be frozen and has changed")

    def train_base(self, variant: Variant) -> None:
        torch.manual_seed(SEED)
        config = self.configs[variant.name]
        model = TinyGPT(config)
        model.initialise()
        before = self.losses(config, snapshot(model))
        _, state = train(model, self.texts[variant.text], variant)[variant.name]
        self.bases[variant.name] = rounded(state)
        after = self.losses(config, rounded(state))
        entry = variant.describe() | {"loss_before": before, "loss_after": after}
        self.write(variant.name, config, state, entry)
        if variant is BASE:
            self.write_other_layouts(variant.name, state)

    def write_other_layouts(self, name: str, state: State) -> None:
        """The same weights once more: before they were rounded, as a pickle, in two shards."""
        same, config = {"weights_of": name}, self.configs[BASE.name]
        by_rounding = compare(state, rounded(state))["relative_change"]
        self.other_layouts[f"{name}-f32"] = same | {
            "relative_change_by_rounding": by_rounding,
            "sha256": write_safetensors(self.out / f"{name}-f32", state, config, F32),
        }
        write_pickle(self.out / f"{name}-pt", state, config)
        self.other_layouts[f"{name}-pt"] = same
        if name == "sft":
            write_sharded(self.out / "sft-sharded", state, config, max_shard_bytes=130_000)
            self.other_layouts["sft-sharded"] = same

    def fresh(self, variant: Variant) -> TinyGPT:
        torch.manual_seed(SEED)
        model = model_with(self.configs[variant.base], self.base(variant.base))
        return model.to(BF16 if variant.pure_bf16 else F32)

    def train_variant(self, variant: Variant) -> None:
        previous = None
        saved = train(self.fresh(variant), self.texts[variant.text], variant)
        for name, (step, state) in saved.items():
            more = {}
            if previous:
                more["change_from_previous"] = compare(previous, rounded(state))
            self.save(name, variant, state, step, **more)
            previous = rounded(state)
            if name == "sft":
                self.write_other_layouts(name, state)

    def train_lora(self) -> None:
        self.save(LORA.name, LORA, train_lora(self.fresh(LORA), self.texts[LORA.text]))

    def train_one_token(self) -> None:
        row = self.vocabulary[TOKEN]
        state = train_one_token(self.fresh(ONE_TOKEN), self.texts[ONE_TOKEN.text], row)
        self.save(ONE_TOKEN.name, ONE_TOKEN, state, token=TOKEN, row=row)

    def edit(self, edit: Edit) -> None:
        self.save(edit.name, edit, edit.make(self.base(edit.base)))

    def write_fp8(self) -> None:
        """The codes and scales that the round trip went through."""
        self.edit(FP8)
        config, codes = self.configs[FP8.base], quantised(self.base(FP8.base))
        self.other_layouts["fp8"] = {
            "weights_of": FP8.name,
            "sha256": write_quantised(self.out / "fp8", codes, config, QUANTISATION),
        }

    def train_resized(self) -> None:
        extra = list(MARKERS.values()) + NEW_TOKENS[len(MARKERS) :]
        vocabulary = self.vocabulary | {t: len(self.vocabulary) + i for i, t in enumerate(extra)}
        text = Text(with_markers(self.texts[RESIZED.text].content), vocabulary)
        config = replace(self.configs[RESIZED.base], vocab_size=len(vocabulary))
        model = model_with(config, resize(self.base(RESIZED.base), len(NEW_TOKENS)))
        before = number(held_out_loss(model, text))
        _, state = train(model, text, RESIZED)[RESIZED.name]
        after = number(held_out_loss(model_with(config, rounded(state)), text))
        self.save(
            RESIZED.name,
            RESIZED,
            state,
            loss_after={"answers_with_markers": after},
            loss_before={"answers_with_markers": before},
            new_tokens=NEW_TOKENS,
        )

    def train_by_reward(self) -> None:
        game = WordGame(self.texts[RL.text], self.vocabulary)
        model = self.fresh(RL)
        before = game.mean_reward(model)
        state = train_by_reward(model, game)
        after = game.mean_reward(model_with(self.configs[RL.base], rounded(state)))
        self.save(RL.name, RL, state, mean_reward_before=before, mean_reward_after=after)

    def train_until_broken(self) -> None:
        previous = self.base(DIVERGE.base)
        steps = train_until_broken(self.fresh(DIVERGE), self.texts[DIVERGE.text])
        for index, saved in enumerate(steps, 1):
            kept = rounded(saved.state)
            broken = non_finite(kept)
            self.save(
                f"diverge-{index}",
                replace(DIVERGE, lr=saved.lr),
                saved.state,
                saved.step,
                batch_loss=number(saved.batch_loss),
                norm_of_finite_elements=norm_of_finite(kept),
                change_from_previous=compare(previous, kept),
                non_finite_elements=sum(broken.values()),
                non_finite_tensors=broken,
                first_non_finite_at_this_step=saved.first_non_finite,
            )
            previous = kept

    def log(self) -> dict:
        return {
            "seed": SEED,
            "versions": {
                "python": platform.python_version(),
                "torch": torch.__version__,
                "numpy": numpy.__version__,
                "safetensors": safetensors.__version__,
            },
            "machine": platform.machine(),
            "threads": torch.get_num_threads(),
            "model": {
                **size_of(self.base(BASE.name)),
                "vocabulary": list(self.vocabulary),
                "loss_of_uniform_guessing": number(math.log(len(self.vocabulary))),
            },
            "mixture": size_of(self.base(MIXTURE_BASE.name)),
            "texts": {
                name: {
                    "bytes": len(text.content),
                    "sha256": hashlib.sha256(text.content.encode()).hexdigest(),
                }
                for name, text in self.texts.items()
            },
            "checkpoints": self.checkpoints,
            "other_layouts": self.other_layouts,
        }


def size_of(state: State) -> dict[str, int]:
    return {
        "parameters": sum(tensor.numel() for tensor in state.values()),
        "tensors": len(state),
    }
