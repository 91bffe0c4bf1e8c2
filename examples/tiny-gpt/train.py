"""Trains every checkpoint of this folder: one base model and the runs that start from it.

    python train.py [--out FOLDER]

`variants.py` says what each run trains. Every run starts from the base model as it was saved
(rounded to bfloat16), computes in float32 and is rounded again when it is saved, which is what
usually happens to published models. All measurements go to `training-log.json`, and from there
into the tables of README.md.
"""

import argparse
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
    F32,
    State,
    compare,
    non_finite,
    norm_of_finite,
    number,
    rounded,
    write_json,
    write_pickle,
    write_safetensors,
    write_sharded,
)
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
    train_until_broken,
    with_markers,
)
from model import Config, TinyGPT
from report import fill_readme
from variants import (
    BASE,
    BLOCKS,
    DIVERGE,
    LORA,
    MARKERS,
    NEW_TOKENS,
    RESIZED,
    RL,
    SEED,
    VARIANTS,
    Variant,
)

HERE = Path(__file__).parent


class Run:
    """Everything the runs share, and the log they write into."""

    def __init__(self, out: Path) -> None:
        self.out = out
        contents = {name: read(name) for name in ("tales", "answers")}
        self.vocabulary = {c: i for i, c in enumerate(sorted(set("".join(contents.values()))))}
        self.texts = {name: Text(content, self.vocabulary) for name, content in contents.items()}
        self.config = Config(len(self.vocabulary), num_hidden_layers=BLOCKS)
        self.checkpoints: dict[str, dict] = {}
        self.other_layouts: dict[str, dict] = {}
        self.base: State = {}
        self.started = time.monotonic()

    def losses(self, state: State) -> dict[str, float | str]:
        model = model_with(self.config, state)
        return {name: number(held_out_loss(model, text)) for name, text in self.texts.items()}

    def save(self, name: str, variant: Variant, state: State, step: int | None = None, **more):
        """Writes a checkpoint that started from the base and logs it, measured as it was saved."""
        kept = rounded(state)
        self.demand_frozen(variant, kept)
        entry = self.describe(variant, step) | {
            "loss_before": self.checkpoints["base"]["loss_after"],
            "loss_after": more.pop("loss_after", None) or self.losses(kept),
            "change_from_base": compare(self.base, kept, state),
            **more,
        }
        self.write(name, state, entry)

    def write(self, name: str, state: State, entry: dict) -> None:
        config = replace(self.config, vocab_size=len(state["lm_head.weight"]))
        entry["sha256"] = write_safetensors(self.out / name, state, config)
        self.checkpoints[name] = entry
        print(f"{time.monotonic() - self.started:6.0f} s  {name}: {entry.get('loss_after')}")

    def describe(self, variant: Variant, step: int | None) -> dict:
        return {
            "about": variant.about,
            "text": variant.text,
            "steps": step or variant.steps,
            "lr": variant.lr,
            "schedule": variant.schedule,
            "batch": variant.batch,
            "weight_decay": variant.weight_decay,
            "seed": SEED,
        }

    def demand_frozen(self, variant: Variant, kept: State) -> None:
        """What a variant does not train must be bit-identical to the base."""
        may_change = variant.changes or variant.trains
        for name, tensor in self.base.items():
            if not may_change(name) and not torch.equal(tensor, kept[name]):
                raise SystemExit(f"{variant.name}: {name} should be frozen and has changed")

    def train_base(self) -> None:
        model = TinyGPT(self.config)
        model.initialise()
        before = self.losses(snapshot(model))
        _, state = train(model, self.texts[BASE.text], BASE)[BASE.name]
        self.base = rounded(state)
        entry = self.describe(BASE, None)
        entry |= {"loss_before": before, "loss_after": self.losses(self.base)}
        self.write("base", state, entry)
        self.write_other_layouts("base", state)

    def write_other_layouts(self, name: str, state: State) -> None:
        """The same weights once more: before they were rounded, as a pickle, in two shards."""
        same = {"weights_of": name}
        by_rounding = compare(state, rounded(state))["relative_change"]
        self.other_layouts[f"{name}-f32"] = same | {
            "relative_change_by_rounding": by_rounding,
            "sha256": write_safetensors(self.out / f"{name}-f32", state, self.config, F32),
        }
        write_pickle(self.out / f"{name}-pt", state, self.config)
        self.other_layouts[f"{name}-pt"] = same
        if name == "sft":
            write_sharded(self.out / "sft-sharded", state, self.config, max_shard_bytes=130_000)
            self.other_layouts["sft-sharded"] = same

    def fresh(self) -> TinyGPT:
        torch.manual_seed(SEED)
        return model_with(self.config, self.base)

    def train_variants(self) -> None:
        for variant in VARIANTS:
            previous = None
            saved = train(self.fresh(), self.texts[variant.text], variant)
            for name, (step, state) in saved.items():
                more = {}
                if previous:
                    more["change_from_previous"] = compare(previous, rounded(state))
                self.save(name, variant, state, step, **more)
                previous = rounded(state)
                if name == "sft":
                    self.write_other_layouts(name, state)

    def train_lora(self) -> None:
        self.save(LORA.name, LORA, train_lora(self.fresh(), self.texts[LORA.text]))

    def train_resized(self) -> None:
        extra = list(MARKERS.values()) + NEW_TOKENS[len(MARKERS) :]
        vocabulary = self.vocabulary | {t: len(self.vocabulary) + i for i, t in enumerate(extra)}
        text = Text(with_markers(self.texts[RESIZED.text].content), vocabulary)
        config = replace(self.config, vocab_size=len(vocabulary))
        model = model_with(config, resize(self.base, len(NEW_TOKENS)))
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
        model = self.fresh()
        before = game.mean_reward(model)
        state = train_by_reward(model, game)
        after = game.mean_reward(model_with(self.config, rounded(state)))
        self.save(RL.name, RL, state, mean_reward_before=before, mean_reward_after=after)

    def train_until_broken(self) -> None:
        previous = self.base
        for index, saved in enumerate(train_until_broken(self.fresh(), self.texts["tales"]), 1):
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
                "parameters": sum(tensor.numel() for tensor in self.base.values()),
                "tensors": len(self.base),
                "vocabulary": list(self.vocabulary),
                "loss_of_uniform_guessing": number(math.log(len(self.vocabulary))),
            },
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


def main() -> None:
    arguments = argparse.ArgumentParser(description="Trains every checkpoint of this folder.")
    arguments.add_argument("--out", type=Path, default=HERE, help="where to write (default: here)")
    out = arguments.parse_args().out

    torch.set_num_threads(1)  # one thread, so that sums are added in one order
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(SEED)

    run = Run(out)
    run.train_base()
    run.train_variants()
    run.train_lora()
    run.train_resized()
    run.train_by_reward()
    run.train_until_broken()

    log = run.log()
    print(log["versions"])
    write_json(out / "training-log.json", log)
    if out == HERE:
        fill_readme(HERE / "README.md", log)


if __name__ == "__main__":
    main()
