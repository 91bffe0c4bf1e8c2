"""The same decoder as a mixture of experts, with the tensor names of `MixtralForCausalLM`."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model import Attention, Config, RMSNorm


@dataclass(frozen=True)
class MixtureConfig(Config):
    hidden_size: int = 32
    intermediate_size: int = 24  # of one expert
    num_hidden_layers: int = 4
    num_attention_heads: int = 4
    num_local_experts: int = 8
    num_experts_per_tok: int = 2

    def make_block(self) -> nn.Module:
        return MixtureBlock(self)

    def as_json(self, dtype: torch.dtype) -> dict:
        """The `config.json` that Hugging Face's MixtralConfig would write for this model."""
        llama_only = {"attention_bias", "mlp_bias", "pretraining_tp", "rope_scaling"}
        shared = {key: v for key, v in super().as_json(dtype).items() if key not in llama_only}
        mixture = {
            "architectures": ["MixtralForCausalLM"],
            "model_type": "mixtral",
            "num_experts_per_tok": self.num_experts_per_tok,
            "num_local_experts": self.num_local_experts,
            "output_router_logits": False,
            "router_aux_loss_coef": 0.0,
            "router_jitter_noise": 0.0,
            "sliding_window": None,
        }
        return dict(sorted((shared | mixture).items()))


class Expert(nn.Module):
    def __init__(self, config: MixtureConfig) -> None:
        super().__init__()
        size, inner = config.hidden_size, config.intermediate_size
        self.w1 = nn.Linear(size, inner, bias=False)
        self.w2 = nn.Linear(inner, size, bias=False)
        self.w3 = nn.Linear(size, inner, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.w2(F.silu(self.w1(x)) * self.w3(x))


class Mixture(nn.Module):
    def __init__(self, config: MixtureConfig) -> None:
        super().__init__()
        self.chosen = config.num_experts_per_tok
        self.gate = nn.Linear(config.hidden_size, config.num_local_experts, bias=False)
        self.experts = nn.ModuleList(Expert(config) for _ in range(config.num_local_experts))

    def shares(self, x: Tensor) -> Tensor:
        """The weight of every expert for every token: zero but for those that are chosen."""
        odds = self.gate(x).softmax(-1)
        best, index = odds.topk(self.chosen, dim=-1)
        return torch.zeros_like(odds).scatter(-1, index, best / best.sum(-1, keepdim=True))

    def forward(self, x: Tensor) -> Tensor:
        shares = self.shares(x).unbind(-1)
        return sum(
            share.unsqueeze(-1) * expert(x)  # all experts see all tokens: so small a model can
            for share, expert in zip(shares, self.experts, strict=True)
        )


class MixtureBlock(nn.Module):
    def __init__(self, config: MixtureConfig) -> None:
        super().__init__()
        self.self_attn = Attention(config)
        self.block_sparse_moe = Mixture(config)
        self.input_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.post_attention_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return x + self.block_sparse_moe(self.post_attention_layernorm(x))
