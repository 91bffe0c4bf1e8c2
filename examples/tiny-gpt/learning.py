"""The training loops: supervised, LoRA, by reward, and one that is made to break."""

import math
import re
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from checkpoints import State, non_finite
from model import Config, TinyGPT
from variants import (
    BREAK_LR,
    BREAK_STEP,
    DIVERGE,
    DIVERGE_SAVES,
    LORA,
    LORA_ALPHA,
    LORA_RANK,
    LORA_TARGETS,
    MARKERS,
    ONE_TOKEN,
    RL,
    RL_LENGTH,
    RL_PROMPT,
    SEED,
    Variant,
    depth_from_top,
)

WINDOW = 128

# ------------------------------------------------------------------------------------------ data


class Text:
    """The token ids of one text: nine tenths to train on, the last tenth to measure on."""

    def __init__(self, content: str, vocabulary: dict[str, int]) -> None:
        self.content = content
        ids = torch.tensor([vocabulary[character] for character in content])
        cut = len(ids) * 9 // 10
        self.training, self.held_out = ids[:cut], ids[cut:]

    def batch(self, size: int, random: torch.Generator) -> Tensor:
        starts = torch.randint(len(self.training) - WINDOW, (size, 1), generator=random)
        return self.training[starts + torch.arange(WINDOW + 1)]

    def held_out_windows(self) -> Tensor:
        return self.held_out.unfold(0, WINDOW + 1, WINDOW)


def read(name: str) -> str:
    return (Path(__file__).parent / "corpus" / f"{name}.txt").read_text(encoding="ascii")


def with_markers(content: str) -> str:
    for plain, marker in MARKERS.items():
        content = content.replace(plain, marker)
    return content


def loss_on(model: nn.Module, windows: Tensor) -> Tensor:
    logits = model(windows[:, :-1])
    return F.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten())


@torch.no_grad()
def held_out_loss(model: nn.Module, text: Text) -> float:
    return loss_on(model, text.held_out_windows()).item()


# ------------------------------------------------------------------------------------- training


def snapshot(model: nn.Module) -> State:
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


def model_with(config: Config, state: State) -> TinyGPT:
    model = TinyGPT(config)
    model.load_state_dict(state)
    return model


def lr_factor(schedule: str, step: int, steps: int) -> float:
    """`step` counts from 1."""
    if schedule == "constant":
        return 1.0
    warm_up = max(1, steps // 20)
    if step <= warm_up:
        return step / warm_up
    return 0.1 + 0.45 * (1 + math.cos(math.pi * (step - warm_up) / (steps - warm_up)))


def optimiser(model: nn.Module, variant: Variant) -> torch.optim.Optimizer:
    groups = []
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(variant.trains(name))
        if parameter.requires_grad:
            lr = variant.lr * variant.lr_decay ** depth_from_top(name)
            decay = variant.weight_decay if parameter.dim() == 2 else 0.0
            groups.append({"params": [parameter], "lr": lr, "peak": lr, "weight_decay": decay})
    return torch.optim.AdamW(groups, betas=(0.9, 0.95))


def set_lr(optimiser: torch.optim.Optimizer, factor: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = group["peak"] * factor


def take_step(model: nn.Module, optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], 1.0)
    optimiser.step()


def train(model: nn.Module, text: Text, variant: Variant) -> dict[str, tuple[int, State]]:
    """Trains in place; returns the step and the weights of each checkpoint, by its name."""
    random = torch.Generator().manual_seed(SEED)
    stepper = optimiser(model, variant)
    names = {step: name for name, step in (variant.saves or {variant.name: variant.steps}).items()}
    saved = {}
    for step in range(1, variant.steps + 1):
        set_lr(stepper, lr_factor(variant.schedule, step, variant.steps))
        take_step(model, stepper, loss_on(model, text.batch(variant.batch, random)))
        if step in names:
            saved[names[step]] = (step, snapshot(model))
    return saved


class LoRA(nn.Module):
    """A frozen matrix plus a trained product of two thin ones."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.weight = nn.Parameter(linear.weight.detach().clone(), requires_grad=False)
        self.lora_a = nn.Parameter(torch.empty(LORA_RANK, linear.in_features))
        self.lora_b = nn.Parameter(torch.zeros(linear.out_features, LORA_RANK))
        nn.init.kaiming_uniform_(self.lora_a, a=math.sqrt(5))

    def merged(self) -> Tensor:
        return self.weight + LORA_ALPHA / LORA_RANK * self.lora_b @ self.lora_a

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.merged())


def train_one_token(model: TinyGPT, text: Text, token: int) -> State:
    """A gradient of zero leaves AdamW's step at zero where nothing decays: the other rows stay."""
    weight = model.model.embed_tokens.weight
    row = F.one_hot(torch.tensor(token), len(weight))[:, None]
    weight.register_hook(lambda gradient: gradient * row)
    _, state = train(model, text, ONE_TOKEN)[ONE_TOKEN.name]
    return state


def train_lora(model: TinyGPT, text: Text) -> State:
    adapters = {}
    for index, layer in enumerate(model.model.layers):
        for target in LORA_TARGETS:
            adapter = LoRA(getattr(layer.self_attn, target))
            setattr(layer.self_attn, target, adapter)
            adapters[f"model.layers.{index}.self_attn.{target}.weight"] = adapter
    train(model, text, LORA)
    state = {name: tensor for name, tensor in snapshot(model).items() if ".lora_" not in name}
    for name, adapter in adapters.items():
        state[name] = adapter.merged().detach()
    return state


def resize(state: State, rows: int) -> State:
    """Appends rows to the embedding and the head, each the mean of the rows that exist."""
    grown = dict(state)
    for name in ("model.embed_tokens.weight", "lm_head.weight"):
        mean = state[name].mean(0, keepdim=True)
        grown[name] = torch.cat([state[name], mean.expand(rows, -1)])
    return grown


class WordGame:
    """The model continues the opening of a tale; it wins when it wrote only words it knows."""

    def __init__(self, text: Text, vocabulary: dict[str, int]) -> None:
        self.letters = list(vocabulary)
        self.words = set(re.findall(r"[A-Za-z]+", text.content))
        lines = [line for line in text.content.splitlines() if len(line) > RL_PROMPT]
        self.prompts = torch.tensor([[vocabulary[c] for c in s[:RL_PROMPT]] for s in lines])

    @torch.no_grad()
    def play(self, model: TinyGPT, random: torch.Generator, games: int) -> tuple[Tensor, Tensor]:
        tokens = self.prompts[torch.randint(len(self.prompts), (games,), generator=random)]
        for _ in range(RL_LENGTH):
            odds = model(tokens)[:, -1].softmax(-1)
            tokens = torch.cat([tokens, torch.multinomial(odds, 1, generator=random)], 1)
        return tokens, torch.tensor([self.reward(row) for row in tokens.tolist()])

    def reward(self, row: list[int]) -> float:
        written = "".join(self.letters[token] for token in row)
        complete = re.findall(r"[A-Za-z]+(?![A-Za-z]|$)", written)  # not the word it was cut off in
        return 1.0 if all(word in self.words for word in complete) else -1.0

    def mean_reward(self, model: TinyGPT) -> float:
        random = torch.Generator().manual_seed(SEED + 1)
        return self.play(model, random, 256)[1].mean().item()


def train_by_reward(model: TinyGPT, game: WordGame) -> State:
    random = torch.Generator().manual_seed(SEED)
    stepper = optimiser(model, RL)
    for _ in range(RL.steps):
        tokens, rewards = game.play(model, random, RL.batch)
        likelihood = model(tokens[:, :-1]).log_softmax(-1)
        chosen = likelihood.gather(-1, tokens[:, 1:, None]).squeeze(-1)[:, RL_PROMPT - 1 :]
        take_step(model, stepper, -(rewards[:, None] * chosen).mean())
    return snapshot(model)


@dataclass(frozen=True)
class DivergeStep:
    step: int
    lr: float
    batch_loss: float  # before the update of this step
    state: State
    first_non_finite: list[str]  # tensors that were finite until this step


def train_until_broken(model: TinyGPT, text: Text) -> list[DivergeStep]:
    """No gradient clipping here: the run is meant to break."""
    random = torch.Generator().manual_seed(SEED)
    stepper = optimiser(model, DIVERGE)
    saved, broken, step = [], set(), 0
    while len(saved) < len(DIVERGE_SAVES) + 2:
        step += 1
        lr = DIVERGE.lr if step < BREAK_STEP else BREAK_LR
        set_lr(stepper, lr / DIVERGE.lr)
        loss = loss_on(model, text.batch(DIVERGE.batch, random))
        stepper.zero_grad()
        loss.backward()
        stepper.step()
        state = snapshot(model)
        newly = [name for name in non_finite(state) if name not in broken]
        if step in DIVERGE_SAVES or newly or broken:
            saved.append(DivergeStep(step, lr, loss.item(), state, newly))
        broken.update(newly)
    return saved
