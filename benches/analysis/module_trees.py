"""Tensor names of real models with the layer type that the classes of their modules say.

    pip install torch transformers diffusers timm torchvision peft openai-whisper
    python benches/analysis/module_trees.py > __test__/fixtures/analysis/module_trees.txt

Every architecture of the libraries that its default configuration can build is built with few layers on the meta device: no weights
are read. The truth comes from the classes of the modules around a parameter, innermost first, from what is registered as a buffer, and
from the attribute only where a plain Linear, Embedding or Parameter stands at the top of a model. What no class says anything of is left out.

The file: a line `# architecture`, then one line a tensor, `shared rest dims type count`: how many segments it shares with the line
before, the rest of its name, its number of dimensions, its type, and how many tensors differ from it in their indices alone. An
architecture most of whose names an earlier one has (but for indices) is left out.

Conventions where an opinion is needed: what a projector, connector or resampler holds is `projector`; squeeze-and-excite and the
layers of ConvNeXt are `conv`; a transformer inside a head is what its own layers are, everything else in a head is `output`; layer
scales are `norm`; running statistics and counters are `buffer`; what makes patches of an image or frames of a sound is `embedding`.
"""

import contextlib
import inspect
import re
import sys
import warnings

warnings.filterwarnings("ignore")

import torch
from torch import nn

LAYER_COUNTS = "num_hidden_layers num_layers encoder_layers decoder_layers n_layer n_layers num_decoder_layers depth num_encoder_layers".split()
LAYER_LISTS = "layer_types layers_block_type mlp_layer_types block_types mlp_only_layers hybrid_layer_ids".split()
EXPERT_COUNTS = "num_local_experts num_experts n_routed_experts moe_num_experts".split()
LAYERS, EXPERTS = 3, 4
HEADS = """ForCausalLM ForConditionalGeneration ForMaskedLM LMHeadModel ForImageClassification ForSequenceClassification ForCTC
ForObjectDetection ForSemanticSegmentation ForUniversalSegmentation ForDepthEstimation ForAudioClassification ForPreTraining
ForTextToSpeech ForQuestionAnswering ForImageTextRetrieval ForPrediction Model""".split()
# From this many patterns on an architecture is left out, for the size of the file.
MOST_PATTERNS = 110

# An architecture of which less than this share of the patterns is new is left out too.
NEW = 0.4

# Language models that are kept although their names are those of others.
USUAL = set("""Llama Mistral Qwen2 Qwen3 Qwen3Moe Mixtral Gemma2 Phi3 GPTNeoX OPT Bloom Falcon Olmo2 DeepseekV3 GptOss Llama4 Jamba Mamba2
Qwen3Next""".split())

# Classes by what they make of a parameter inside; the nearest class that matches decides.
CLASSES = [
    (r"^CrossAttn(Down|Up|Mid)|^Attn(Down|Up)|^(Down|Up|Mid|UNetMid)\w*Block|Resnet|ResBlock|ResidualBlock|^Downsample|^Upsample|^(Basic|Bottleneck)(Block|Conv)|ShortConv(olution)?$", "conv"),
    (r"SEModule|SqueezeExcit|SELayer|SplitAttn|ConvNext\w*(Layer|Block)|ConvolutionModule|InvertedResidual|^MBConv", "conv"),
    (r"Projector|Merger|MultiModal.*Proj|Connector|Resampler|(?<!Sequence)Aligner|ModalityProjection|ImageToTextProjection", "projector"),
    (r"Router|MoEGate$|MoeGate$|TopkGate|TopKGat|Gating$", "router"),
    (r"Timestep|TimeEmb|AdaLayerNorm|AdaLN|AdaNorm|AdaptiveNorm|MLPEmbedder$|TextProjection|ImageProjection|Modulation|LabelEmbedding|ConditionEmb|TimeTextEmb|FiLM", "conditioning"),
    (r"PositionalConv|PositionalEmb|PositionEmb|PositionEnc|RelPos(?!Att)|RelativePosition(?!alMulti)|PosEnc|^PosConv|PositionalEnc|PosEmbed|PositionBias|PatchPos", "position"),
    (r"PatchEmb|HybridEmbed|PatchProj|TokenEmbedding|Embeddings?$", "embedding"),
    (r"Predictor|PredictionHead|ClassifierHead|DecodeHead|ClassificationHead|MLPHead|^ClapProjection|MLPPredictionHead|LMHead|PoolingHead|LMPrediction|MaskedLMHead|OnlyMLMHead|PreTrainingHeads|HeadTransform|^FCNHead|DeepLabHead|RPNHead|FastRCNNPredictor|MaskRCNNHeads|RetinaNet\w*Head|SSD\w*Head|FCOS\w*Head|TwoMLPHead|(?<!Multi)Head$", "output"),
    (r"Intermediate$", "mlp"),
    (r"SelfOutput|AttentionOutput|Transformer2DModel$|AnimateDiffTransformer", "attention"),
    (r"(?<!Partition)Attention(?!Decoder|Block$)|Attn|GatedDeltaNet|^MHA|DeltaNet|LightningAttn|Retention|WindowAttention", "attention"),
    (r"Mamba(?!Out)|RgLru|RecurrentBlock|BambaMixer|SSM|H1Mixer", "ssm"),
    (r"MLP(?!LayerWithBN|Block$)|Mlp|MultiLayeredConv1d|FeedForward|FeedFoward|FFN|Ffn|Experts?$|DenseActDense|DenseGatedActDense|DenseReluDense|MoE$|Moe$|SwiGLU|GEGLU|GLUMBConv|SparseMoe|MoeBlock", "mlp"),
    (r"^(?!.*(SelfOutput|ModelOutput))\w+Output$", "mlp"),
    (r"Pooler", "output"),
]
# What holds a bridge from one modality to another, with its norms and whatever else.
BRIDGE = r"Connector|Resampler|(?<!Sequence)Aligner|Projector|ImageToTextProjection|Merger$|MultiModalProj"
TOP_HEADS = {"lm_head", "score", "classifier", "qa_outputs", "embed_out", "head", "fc", "class_embed", "head_dist", "output_projection"}


def shrink(config, seen=None):
    """Few layers and experts, in nested configurations too."""
    import transformers

    seen = seen or set()
    if id(config) in seen:
        return config
    seen.add(id(config))
    for key in LAYER_COUNTS:
        if isinstance(getattr(config, key, None), int) and getattr(config, key) > LAYERS:
            with contextlib.suppress(Exception):  # some count in blocks
                setattr(config, key, LAYERS)
    for key in LAYER_LISTS:
        value = getattr(config, key, None)
        if isinstance(value, list | tuple) and len(value) > LAYERS:
            with contextlib.suppress(Exception):
                setattr(config, key, list(value)[:LAYERS])
    for key in EXPERT_COUNTS:
        value = getattr(config, key, None)
        if isinstance(value, int) and value > EXPERTS:
            setattr(config, key, EXPERTS)
    for value in list(vars(config).values()):
        if isinstance(value, transformers.PretrainedConfig):
            shrink(value, seen)
    return config


def find_by_class(chain):
    """Type by the classes around a parameter, innermost first; the model's own class does not count."""
    inner = chain[:-1]
    if any(re.search(BRIDGE, cls) or name.endswith("_projector") and name != "vocab_projector" for name, cls in inner):
        return "projector"
    for attribute, cls in inner:
        if cls in ("ModuleDict", "Sequential") and attribute == "mlp":
            return "mlp"
        if re.search(r"position_bias|cpb", attribute):
            return "position"
        for pattern, kind in CLASSES:
            if re.search(pattern, cls):
                is_time = kind == "conv" and inner[0][0] in ("time_emb_proj", "emb_layers")
                return "conditioning" if is_time else kind
    return None


def find_type(chain, parameter, owner, is_buffer):
    """Type of a parameter; None where no class says it."""
    attribute, cls = chain[0]
    around = [name for _, name in chain[1:]]
    if cls.startswith(("Lora", "IA3", "Vera", "LoHa", "LoKr")) or re.search(r"^(lora|ia3|vera|hada|lokr)_", attribute + parameter):
        return "adapter"
    if re.search(r"^lora_|^vera_", attribute) or any(re.search(r"^(lora|vera)_", name) for name, _ in chain[:2]):
        return "adapter"
    if "BatchNorm" in cls and parameter in ("running_mean", "running_var"):
        return "buffer"
    if parameter in ("e_score_correction_bias", "expert_bias") or attribute == "shared_expert_gate":
        return "router"
    if parameter == "final_logits_bias":
        return "output"
    if is_buffer and not ("BatchNorm" in cls and parameter in ("weight", "bias")):  # frozen, and still the weights of a norm
        return "buffer"
    if any(re.search(BRIDGE, c) or name.endswith("_projector") and name != "vocab_projector" for name, c in chain[:-1]):
        return "projector"
    if re.search(r"layer_scale|(^|_)gamma_?\d?$|^lambda_\d", parameter) or "GRN" in cls or "GlobalResponseNorm" in cls:
        return "norm"
    if re.search(r"Norm|LayerScale", cls) and not isinstance(owner, nn.Embedding) and not re.search(r"LinearNorm|AdaLayerNorm|AdaNorm|AdaptiveNorm|NormConv", cls):
        return "norm"
    if isinstance(owner, nn.Embedding):
        if re.search(r"pos|relative|wpe", attribute.lower()) or "Position" in cls or (around and re.search("RelPos|Position|RelativeBias", around[0])):
            return "position"
        found = find_by_class(chain[1:])
        return found if found in ("conditioning", "position") else "embedding"
    if re.search(r"^(cls|mask|dist|distillation|reg|register)_tokens?$|^class_(embedding|token)$", parameter):
        return "embedding"
    if re.search(r"pos_embed|position_embed|positional_embedding|relative_position_bias|rel_pos|pos_embedding", parameter):
        return "position"
    if attribute in TOP_HEADS and not any(re.search(r"Layer$|Block$", name) for name in around):
        return "output"
    if isinstance(owner, nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.ConvTranspose1d | nn.ConvTranspose2d):
        if "backbone" in [name for name, _ in chain] and any("HybridEmbed" in c for _, c in chain):
            return "conv"  # a network of its own makes the patches
        if any(re.search(r"patch_(conv|emb)", name) for name, _ in chain):
            return "embedding"
        found = find_by_class(chain)
        if found in ("attention", "mlp", "ssm", "position", "embedding", "projector", "conditioning", "output"):
            return found
        return "embedding" if any(name.endswith("Embeddings") for name in around) else "conv"
    found = find_by_class(chain)
    if found is None and attribute in ("fc1", "fc2", "linear1", "linear2") and around and re.search(r"Layer$|Block$", around[0]):
        return "mlp"
    return found


def list_tensors(model):
    """Name, dimensions and type of everything in the state dict."""
    modules = dict(model.named_modules())
    transient = {f"{path}." * bool(path) + name for path, m in modules.items() for name in m._non_persistent_buffers_set}
    tensors = [(name, tensor, False) for name, tensor in model.named_parameters(remove_duplicate=False)]
    tensors += [(name, tensor, True) for name, tensor in model.named_buffers() if name not in transient]
    for name, tensor, is_buffer in tensors:
        path, _, parameter = name.rpartition(".")
        parts = path.split(".") if path else []
        chain = [(part, type(modules[".".join(parts[: i + 1])]).__name__) for i, part in enumerate(parts)]
        chain = [("", type(model).__name__), *chain][::-1]
        yield name, tensor.dim(), find_type(chain, parameter, modules[path], is_buffer), chain


def build_transformers():
    import transformers
    from transformers.models.auto import configuration_auto, modeling_auto

    transformers.logging.set_verbosity_error()
    by_type = {}
    for mapping, entries in vars(modeling_auto).items():
        if mapping.endswith("_MAPPING_NAMES"):
            for model_type, classes in entries.items():
                for name in [classes] if isinstance(classes, str) else classes:
                    by_type.setdefault(model_type, set()).add(name)
    for model_type in sorted(by_type):
        names = sorted(by_type[model_type], key=lambda name: (next((i for i, head in enumerate(HEADS) if name.endswith(head)), 99), name))
        for name in [*names[:1], *[n for n in names[1:] if n.endswith(("ForMaskedLM", "ForImageClassification", "ForSequenceClassification"))][:1]]:
            try:
                model_class = getattr(transformers, name, None)
                config_class = getattr(model_class, "config_class", None)
            except ImportError:  # wants a library that is not there
                continue
            if config_class is not None:
                yield f"transformers/{name}", lambda c=model_class: c(shrink(c.config_class()))


def build_timm():
    import timm

    for module in timm.list_modules():
        names = timm.list_models(module=module)
        small = [n for n in names if re.search(r"tiny|small|nano|_b0|18|micro|atto|pico", n)] or names
        if small:
            yield f"timm/{small[0]}", lambda n=small[0]: timm.create_model(n)


def build_torchvision():
    import torchvision

    seen = set()
    for name in torchvision.models.list_models():
        family = re.split(r"[\d_]", name)[0] if "rcnn" not in name else name
        if name.startswith("quantized") or family in seen and "/" not in name and not re.search(r"rcnn|detection|segmentation", name):
            continue
        seen.add(family)
        yield f"torchvision/{name}", lambda n=name: torchvision.models.get_model(n, weights=None, **({"weights_backbone": None} if "weights_backbone" in inspect.signature(torchvision.models.get_model_builder(n)).parameters else {}))


def build_diffusers():
    import diffusers

    for name in sorted(n for n in dir(diffusers) if re.search(r"(Model|Model\w*D|AutoencoderKL\w*|VQModel|Transformer\w+)$", n)):
        model_class = getattr(diffusers, name, None)
        if not (inspect.isclass(model_class) and issubclass(model_class, nn.Module)):
            continue
        accepted = inspect.signature(model_class.__init__).parameters
        few = {key: LAYERS for key in ("num_layers", "num_single_layers") if key in accepted and isinstance(accepted[key].default, int)}
        yield f"diffusers/{name}", lambda c=model_class, f=few: c(**f)


def build_others():
    import peft
    import transformers

    def tiny():
        return transformers.LlamaForCausalLM(shrink(transformers.LlamaConfig()))

    yield "peft/LoraModel", lambda: peft.get_peft_model(tiny(), peft.LoraConfig(target_modules=["q_proj", "v_proj", "down_proj"]))
    yield "peft/IA3Model", lambda: peft.get_peft_model(tiny(), peft.IA3Config(target_modules=["k_proj", "v_proj", "down_proj"], feedforward_modules=["down_proj"]))
    yield "peft/LoHaModel", lambda: peft.get_peft_model(tiny(), peft.LoHaConfig(target_modules=["q_proj"]))
    import whisper.model

    def build_whisper():
        with torch.device("cpu"):  # one of its buffers is sparse, which meta tensors cannot be
            return whisper.model.Whisper(whisper.model.ModelDimensions(8, 16, 8, 2, LAYERS, 32, 16, 8, 2, LAYERS))

    yield "whisper/Whisper", build_whisper


def main():
    seen, done = set(), set()
    counts = {}
    for build_all in (build_transformers, build_timm, build_torchvision, build_diffusers, build_others):
        try:
            builds = list(build_all())
        except ImportError as error:
            print(f"{build_all.__name__}: {error}", file=sys.stderr)
            continue
        for architecture, build in builds:
            if architecture in done:
                continue
            done.add(architecture)
            try:
                with torch.device("meta"), contextlib.redirect_stdout(sys.stderr):
                    model = build()
                tensors = list(list_tensors(model))
            except Exception as error:  # what a default configuration cannot build
                print(f"{architecture}: {type(error).__name__} {str(error)[:80]}", file=sys.stderr)
                continue
            patterns = {}
            for name, dims, kind, chain in tensors:
                template = re.sub(r"(?<![^.])\d+(?![^.])", "#", name)
                patterns.setdefault((template, dims, kind), [name, 0, chain])[1] += 1
            fresh = {key for key in patterns if key[2] is not None} - seen
            is_usual = re.sub(r"^transformers/|ForCausalLM$", "", architecture) in USUAL and architecture.endswith("ForCausalLM")
            if not is_usual and (len(fresh) < NEW * len(patterns) or len(patterns) > MOST_PATTERNS):
                continue
            seen |= fresh
            library = architecture.split("/")[0]
            counts[library] = counts.get(library, 0) + 1
            print(f"# {architecture}")
            before = []
            for (_, dims, kind), (name, count, chain) in patterns.items():
                parts = name.split(".")
                shared = 0
                while shared < min(len(parts) - 1, len(before)) and parts[shared] == before[shared]:
                    shared += 1
                before = parts
                print(shared, ".".join(parts[shared:]), dims, kind or "?", count)
                if len(sys.argv) > 1:
                    print(architecture, name, dims, kind, count, " < ".join(f"{a}:{c}" for a, c in chain[:-1]), sep="\t", file=sys.stderr)
    print(counts, file=sys.stderr)


main()
