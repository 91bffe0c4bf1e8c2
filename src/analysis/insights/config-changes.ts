import type { Severity } from '../../checkpoint/types.ts';
import type { ConfigChange } from '../../comparison/summary.ts';
import { formatNoun } from '../../wording/numbers.ts';
import { spellConfigValue } from '../../wording/config-value.ts';
import type { Explain } from './insight.ts';

/** Keys whose change alters what the weights compute, and what that means. */
const TELLING: readonly (readonly [key: RegExp, meaning: string, severity: Severity])[] = [
  [
    /(^|\.|: )(rope_|rotary_|max_position_embeddings|sliding_window|original_max_position)/,
    'positions are encoded differently',
    'warning',
  ],
  [/(^|\.|: )(vocab_size|pad_token_id|bos_token_id|eos_token_id)/, 'the vocabulary or its special tokens changed', 'warning'],
  [/(^|\.|: )tie_word_embeddings/, 'embedding and head are tied differently', 'warning'],
  [/(^|\.|: )(torch_)?dtype/, 'weights are stored or run in another dtype', 'info'],
  [
    /(^|\.|: )(architectures|model_type|hidden_size|intermediate_size|num_\w*layers|num_\w*heads|num_\w*experts\w*|head_dim|n_layer|n_head|n_embd)/,
    'the architecture is another',
    'warning',
  ],
  [
    /(^|\.|: )(hidden_act|activation_function|\w*norm_eps\w*|layer_norm_epsilon|attn_logit_softcapping|final_logit_softcapping)/,
    'the computation is another',
    'warning',
  ],
  [
    /(^|\.|: )(lora_alpha|r|use_rslora|use_dora|fan_in_fan_out|target_modules|rank_pattern|alpha_pattern|peft_type)$/,
    'the adapter is applied differently',
    'warning',
  ],
  [/(^|\.|: )(prediction_type|beta_\w+|\w*betas\w*|num_train_timesteps)$/, 'noise is scheduled differently', 'warning'],
  [/(^|\.|: )quantization_config/, 'quantisation changed', 'warning'],
];

/** Differences in the configuration files, the ones that change what the weights compute first. */
export const explainConfigChanges: Explain = ({ summary }) => {
  const changes = summary.configChanges ?? [];
  if (changes.length === 0) return [];
  const told = changes.flatMap((change) => {
    const found = TELLING.find(([key]) => key.test(change.key.slice(0, 256)));
    return found === undefined ? [] : [{ change, meaning: found[1], severity: found[2] }];
  });
  const meanings = [...new Set(told.map(({ meaning }) => meaning))];
  const examples = told.slice(0, 3).map(({ change }) => describe(change));
  const rest = changes.length - told.length;
  const text =
    told.length === 0
      ? 'None is known to alter what the weights compute.'
      : `${examples.join('; ')}: ${meanings.join('; ')}.${rest > 0 ? ` ${rest} more.` : ''}`;
  return [
    {
      code: 'configuration_changed',
      category: 'training_config',
      title: 'Configuration Changed',
      description: `${formatNoun(changes.length, 'key')} of the configuration ${changes.length === 1 ? 'differs' : 'differ'}. ${text}`,
      severity: told.some(({ severity }) => severity === 'warning') ? 'warning' : 'info',
      evidence: {
        count: changes.length,
        telling: told.map(({ change }) => [change.key, change.old ?? null, change.new ?? null]),
        other: rest,
      },
    },
  ];
};

function describe({ key, old, new: fresh }: ConfigChange): string {
  return `${key} ${spell(old)} to ${spell(fresh)}`;
}

function spell(value: unknown): string {
  const text = spellConfigValue(value);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
