"""Trains every checkpoint of this folder: one base model and the runs that start from it.

    python train.py [--out FOLDER] [--only RUN ...]

`variants.py` says what each run trains. Every run starts from the base model as it was saved
(rounded to bfloat16), computes in float32 and is rounded again when it is saved, which is what
usually happens to published models. All measurements go to `training-log.json`, and from there
into the tables of README.md.
"""

import argparse
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from checkpoints import write_json
from report import fill_readme
from runs import HERE, Run
from variants import (
    BASE,
    DIVERGE,
    FP8,
    FROZEN_BLOCK,
    LORA,
    MIXTURE_BASE,
    MIXTURE_VARIANTS,
    ONE_TOKEN,
    PRUNED,
    PURE_BF16,
    RESIZED,
    RL,
    VARIANTS,
)

LOG = "training-log.json"


def jobs(run: Run) -> dict[str, Callable[[], None]]:
    """Name of a run -> what makes its checkpoints."""
    return {
        BASE.name: partial(run.train_base, BASE),
        **{variant.name: partial(run.train_variant, variant) for variant in VARIANTS},
        LORA.name: run.train_lora,
        RESIZED.name: run.train_resized,
        RL.name: run.train_by_reward,
        DIVERGE.name: run.train_until_broken,
        PURE_BF16.name: partial(run.train_variant, PURE_BF16),
        FROZEN_BLOCK.name: partial(run.train_variant, FROZEN_BLOCK),
        ONE_TOKEN.name: run.train_one_token,
        PRUNED.name: partial(run.edit, PRUNED),
        FP8.name: run.write_fp8,
        MIXTURE_BASE.name: partial(run.train_base, MIXTURE_BASE),
        **{variant.name: partial(run.train_variant, variant) for variant in MIXTURE_VARIANTS},
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description="Trains every checkpoint of this folder.")
    arguments.add_argument("--out", type=Path, default=HERE, help="where to write (default: here)")
    arguments.add_argument(
        "--only", nargs="+", metavar="RUN", help="make these alone, from the bases of this folder"
    )
    given = arguments.parse_args()

    torch.set_num_threads(1)  # one thread, so that sums are added in one order
    torch.use_deterministic_algorithms(True)

    log = json.loads((HERE / LOG).read_text(encoding="utf-8")) if given.only else {}
    run = Run(given.out, log)
    made = jobs(run)
    if unknown := set(given.only or ()) - set(made):
        arguments.error(
            f"no run is called {', '.join(sorted(unknown))}: there are {', '.join(made)}"
        )
    for name, make in made.items():
        if not given.only or name in given.only:
            make()

    log = run.log()
    print(log["versions"])
    write_json(given.out / LOG, log)
    if given.out == HERE:
        fill_readme(HERE / "README.md", log)


if __name__ == "__main__":
    main()
