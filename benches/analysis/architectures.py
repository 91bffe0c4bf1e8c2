"""Tensor names of real architectures with the layer type that their module classes say.

    pip install torch transformers timm diffusers
    python benches/analysis/architectures.py > __test__/fixtures/analysis/architectures.csv

Every model is built from its default configuration with few layers, on the meta device: no weights are read. The truth
comes from the classes of the modules around a parameter (and from attribute names only where a plain `Linear`, `Embedding`
or `Parameter` stands at the top of a model or holds positions); a parameter that no class says anything of is left out. One row is
one pattern: names that differ in their indices alone are counted, not repeated; an empty first column repeats the one above.

Conventions where an opinion is needed: what a connector or resampler holds is `projector`; squeeze-and-excite and the layers
of ConvNeXt are `conv`; a whole transformer inside a head is what its own layers are; layer scales are `norm`.
"""

import contextlib
import csv
import re
import sys
import warnings

warnings.filterwarnings("ignore")

import diffusers
import timm
import torch
import transformers
from torch import nn

transformers.logging.set_verbosity_error()

TRANSFORMERS = """
LlamaForCausalLM MistralForCausalLM Qwen2ForCausalLM Qwen3ForCausalLM Qwen3MoeForCausalLM Qwen2MoeForCausalLM MixtralForCausalLM
GemmaForCausalLM Gemma2ForCausalLM Gemma3ForCausalLM PhiForCausalLM Phi3ForCausalLM GPT2LMHeadModel GPTNeoForCausalLM GPTNeoXForCausalLM
GPTJForCausalLM OPTForCausalLM BloomForCausalLM FalconForCausalLM MptForCausalLM CodeGenForCausalLM StableLmForCausalLM CohereForCausalLM
OlmoForCausalLM Olmo2ForCausalLM OlmoeForCausalLM DeepseekV2ForCausalLM DeepseekV3ForCausalLM GptOssForCausalLM Llama4ForCausalLM
GlmForCausalLM Glm4MoeForCausalLM GraniteForCausalLM GraniteMoeForCausalLM Starcoder2ForCausalLM JambaForCausalLM MambaForCausalLM
Mamba2ForCausalLM Zamba2ForCausalLM BambaForCausalLM RecurrentGemmaForCausalLM RwkvForCausalLM Qwen3NextForCausalLM PersimmonForCausalLM
XGLMForCausalLM BioGptForCausalLM CTRLLMHeadModel OpenAIGPTLMHeadModel BertForMaskedLM BertForSequenceClassification RobertaForMaskedLM
DebertaV2ForMaskedLM DistilBertForMaskedLM AlbertForMaskedLM ElectraForMaskedLM XLMRobertaForTokenClassification MPNetForMaskedLM
ModernBertForMaskedLM XLNetLMHeadModel FNetForMaskedLM LongformerForMaskedLM BigBirdForMaskedLM ConvBertForMaskedLM FunnelForMaskedLM
CamembertForMaskedLM T5ForConditionalGeneration MT5ForConditionalGeneration UMT5ForConditionalGeneration BartForConditionalGeneration
MBartForConditionalGeneration PegasusForConditionalGeneration M2M100ForConditionalGeneration MarianMTModel LEDForConditionalGeneration
BlenderbotForConditionalGeneration ProphetNetForConditionalGeneration SwitchTransformersForConditionalGeneration
LongT5ForConditionalGeneration WhisperForConditionalGeneration Wav2Vec2ForCTC HubertForCTC WavLMForCTC Speech2TextForConditionalGeneration
SpeechT5ForTextToSpeech ASTForAudioClassification ClapModel MusicgenForCausalLM ViTForImageClassification DeiTForImageClassification
BeitForImageClassification SwinForImageClassification Swinv2ForImageClassification ConvNextForImageClassification
ConvNextV2ForImageClassification ResNetForImageClassification RegNetForImageClassification Dinov2Model Data2VecVisionForImageClassification
SegformerForSemanticSegmentation MobileViTForImageClassification MobileNetV2ForImageClassification EfficientNetForImageClassification
PoolFormerForImageClassification PvtForImageClassification CvtForImageClassification LevitForImageClassification ViTMAEForPreTraining
DPTForDepthEstimation DetrForObjectDetection YolosForObjectDetection OwlViTForObjectDetection SamModel CLIPModel SiglipModel AlignModel
BlipForConditionalGeneration Blip2ForConditionalGeneration LlavaForConditionalGeneration LlavaNextForConditionalGeneration
Qwen2VLForConditionalGeneration Qwen2_5_VLForConditionalGeneration InternVLForConditionalGeneration PaliGemmaForConditionalGeneration
Idefics2ForConditionalGeneration Idefics3ForConditionalGeneration MllamaForConditionalGeneration Gemma3ForConditionalGeneration
PixtralVisionModel FlavaModel ViltForQuestionAnswering LayoutLMv3Model GitForCausalLM BridgeTowerModel ChineseCLIPModel VisualBertModel
Florence2ForConditionalGeneration Qwen2AudioForConditionalGeneration
""".split()
TIMM = """
vit_base_patch16_224 deit3_small_patch16_224 swin_tiny_patch4_window7_224 swinv2_tiny_window8_256 convnext_tiny convnextv2_tiny resnet50
resnext50_32x4d efficientnet_b0 mobilenetv3_large_100 regnety_016 densenet121 vgg16_bn mixer_b16_224 beit_base_patch16_224
eva02_base_patch14_224 maxvit_tiny_tf_224 coatnet_0_rw_224 poolformer_s12 cait_xxs24_224 xcit_nano_12_p16_224 levit_128 pvt_v2_b0
mobilevit_s edgenext_small seresnet50 inception_v3 tf_efficientnetv2_s vit_base_patch14_dinov2 vit_base_patch16_siglip_224 hrnet_w18
nest_tiny twins_svt_small
""".split()
DIFFUSERS = """
UNet2DConditionModel UNet2DModel AutoencoderKL VQModel ControlNetModel UNetMotionModel FluxTransformer2DModel SD3Transformer2DModel
PixArtTransformer2DModel DiTTransformer2DModel CogVideoXTransformer3DModel WanTransformer3DModel AuraFlowTransformer2DModel
LTXVideoTransformer3DModel SanaTransformer2DModel QwenImageTransformer2DModel
""".split()

LAYER_COUNTS = "num_hidden_layers num_layers encoder_layers decoder_layers n_layer n_layers num_decoder_layers".split()
LAYER_LISTS = "layer_types layers_block_type mlp_layer_types block_types mlp_only_layers hybrid_layer_ids".split()
EXPERT_COUNTS = "num_local_experts num_experts n_routed_experts".split()
LAYERS, EXPERTS = 3, 8

# Classes by what they make of a parameter inside; the nearest class that matches decides.
CLASSES = [
    (r"^CrossAttn|^Attn(Down|Up)|^(Down|Up|Mid|UNetMid)\w*Block|Resnet|Downsample2D|Upsample2D", "conv"),
    (r"SEModule|SqueezeExcite|SELayer|ConvNext\w*Layer", "conv"),
    (r"Projector|Merger|MultiModal.*Proj", "projector"),
    (r"Router|MoEGate|MoeGate", "router"),
    (r"Timestep|TimeEmb|AdaLayerNorm|AdaNorm|TextProjection|ImageProjection|Modulation|LabelEmbedding", "conditioning"),
    (r"PositionalConv|PositionalEmb|PositionEmb|RelPos|RelativePosition|PositionalEnc", "position"),
    (r"PatchEmb|ConvStem|PatchProj", "embedding"),
    (r"Predict|Predictor|PredictionHead|ClassifierHead|DecodeHead|ClassificationHead|MLPHead|LMHead|PoolingHead|^ClapProjection", "output"),
    (r"Intermediate$", "mlp"),
    (r"SelfOutput|AttentionOutput|Transformer2DModel$|AnimateDiffTransformer", "attention"),
    (r"Attention|Attn|SelfAttn|GatedDeltaNet", "attention"),
    (r"Mamba|RgLru|RecurrentBlock|BambaMixer", "ssm"),
    (r"MLP|Mlp|FeedForward|FeedFoward|FFN|Ffn|Experts?$|DenseActDense|DenseGatedActDense|MoE$|SwiGLU|GEGLU|GLUMBConv", "mlp"),
    (r"^(?!.*(SelfOutput|ModelOutput))\w+Output$", "mlp"),
    (r"Pooler", "output"),
]
TOP_HEADS = {"lm_head", "score", "classifier", "qa_outputs", "embed_out", "head", "fc"}


def shrink(config):
    """Few layers and experts, in nested configurations too."""
    for key in LAYER_COUNTS:
        if isinstance(getattr(config, key, None), int):
            with contextlib.suppress(NotImplementedError):  # Funnel counts in blocks
                setattr(config, key, LAYERS)
    for key in LAYER_LISTS:
        value = getattr(config, key, None)
        if isinstance(value, list | tuple) and len(value) > LAYERS:
            setattr(config, key, list(value)[:LAYERS])
    for key in EXPERT_COUNTS:
        value = getattr(config, key, None)
        if isinstance(value, int) and value > EXPERTS:
            setattr(config, key, EXPERTS)
    for value in list(vars(config).values()):
        if isinstance(value, transformers.PretrainedConfig):
            shrink(value)
    return config


def find_by_class(chain):
    """Type by the classes around a parameter, innermost first; the model's own class does not count."""
    inner = chain[:-1]
    if any(re.search(r"Connector|Resampler", cls) for _, cls in inner):
        return "projector"
    for attribute, cls in inner:
        if cls == "ModuleDict" and attribute == "mlp":
            return "mlp"
        if re.search(r"position_bias|cpb", attribute):
            return "position"
        for pattern, kind in CLASSES:
            if re.search(pattern, cls):
                is_time = kind == "conv" and inner[0][0] == "time_emb_proj"
                return "conditioning" if is_time else kind
    return None


def find_type(chain, parameter, owner, is_buffer):
    """Type of a parameter; None where no class says it."""
    attribute, cls = chain[0]
    around = [name for _, name in chain[1:]]
    if "BatchNorm" in cls and parameter != "num_batches_tracked":
        return "norm"
    if re.search(r"layer_scale|^gamma_?\d?$|^lambda_\d", parameter) or "GRN" in cls or "GlobalResponseNorm" in cls:
        return "norm"
    if parameter == "e_score_correction_bias":
        return "router"
    if parameter == "final_logits_bias":
        return "output"
    if is_buffer:
        return "buffer"
    if re.search(r"Norm|LayerScale", cls) and "LinearNorm" not in cls:
        return "norm"
    if isinstance(owner, nn.Embedding):
        if re.search(r"pos|relative|wpe", attribute.lower()) or "Position" in cls or (around and "RelPos" in around[0]):
            return "position"
        found = find_by_class(chain[1:])
        return found if found in ("conditioning", "position") else "embedding"
    if re.search(r"^(cls|mask|dist|distillation|reg|register)_tokens?$|^class_embedding$", parameter):
        return "embedding"
    if re.search(r"pos_embed|position_embed|positional_embedding|relative_position_bias|rel_pos", parameter):
        return "position"
    if attribute in TOP_HEADS and not any(re.search(r"Layer$|Block$", name) for name in around):
        return "output"
    if isinstance(owner, nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.ConvTranspose1d | nn.ConvTranspose2d):
        if re.search(r"patch_(conv|embedding)", attribute):
            return "embedding"
        found = find_by_class(chain)
        if found in ("attention", "mlp", "ssm", "position", "embedding", "projector", "conditioning", "output"):
            return found
        return "embedding" if any(name.endswith("Embeddings") for name in around) else "conv"
    found = find_by_class(chain)
    if found is None and attribute in ("fc1", "fc2", "linear1", "linear2") and around and around[0].endswith("Layer"):
        return "mlp"
    return found


def list_tensors(model):
    """Name, shape and type of everything in the state dict."""
    modules = dict(model.named_modules())
    transient = {f"{path}." * bool(path) + name for path, m in modules.items() for name in m._non_persistent_buffers_set}
    tensors = [(name, tensor, False) for name, tensor in model.named_parameters(remove_duplicate=False)]
    tensors += [(name, tensor, True) for name, tensor in model.named_buffers() if name not in transient]
    for name, tensor, is_buffer in tensors:
        path, _, parameter = name.rpartition(".")
        parts = path.split(".") if path else []
        chain = [(part, type(modules[".".join(parts[: i + 1])]).__name__) for i, part in enumerate(parts)]
        chain = [("", type(model).__name__), *chain][::-1]
        yield name, "x".join(map(str, tensor.shape)), find_type(chain, parameter, modules[path], is_buffer)


def build_all():
    """Every model by name."""
    with torch.device("meta"):
        for name in TRANSFORMERS:
            model_class = getattr(transformers, name)
            yield f"transformers/{name}", model_class(shrink(model_class.config_class()))
        for name in TIMM:
            yield f"timm/{name}", timm.create_model(name)
        for name in DIFFUSERS:
            model_class = getattr(diffusers, name)
            accepted = model_class.__init__.__code__.co_varnames if hasattr(model_class.__init__, "__code__") else ()
            accepted = getattr(model_class.__init__, "__wrapped__", model_class.__init__).__code__.co_varnames or accepted
            few = {key: LAYERS for key in ("num_layers", "num_single_layers") if key in accepted}
            yield f"diffusers/{name}", model_class(**few)


def main():
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["architecture", "name", "shape", "type", "count"])
    for architecture, model in build_all():
        patterns = {}
        for name, shape, kind in list_tensors(model):
            if kind is None:
                continue
            key = (re.sub(r"(?<![^.])\d+(?![^.])", "#", name), shape.count("x"), shape == "", kind)
            patterns.setdefault(key, [name, shape, 0])[2] += 1
        print(f"{architecture}: {len(patterns)} patterns", file=sys.stderr)
        for (_, _, _, kind), (name, shape, count) in patterns.items():
            writer.writerow([architecture, name, shape, kind, count])
            architecture = ""


main()
