import { BANDS } from '../../../analysis/bands.ts';
import type { InsightCode } from '../../../analysis/types.ts';
import { formatPercent } from '../../../wording/numbers.ts';

const LIMITS = BANDS.filter(({ below }) => below < Infinity)
  .map(({ band, below }) => `${band} below ${formatPercent(below)}`)
  .join(', ');

/** Where each finding comes from: the formula, and the threshold from which it is told. */
export const HOW_WE_KNOW: Readonly<Record<InsightCode, string>> = {
  non_finite_appeared:
    'Every element of both checkpoints was looked at. Told from one NaN or Inf on that the old checkpoint does not have.',
  non_finite_stayed: 'Every element of both checkpoints was looked at. These were NaN or Inf before too.',
  conversion_overflowed:
    'Elements that became infinite, beside the largest number of the new dtype: all of them were larger than that before.',
  tensors_failed: 'These could not be read, or their types cannot be compared. The reason stands beside each.',
  left_out: 'Files, mappings and records that hold tensors, or could, and that no compared tensor comes from.',
  tie_broken: 'Embedding and head have one shape. Before, they were one tensor, or equal in every element; now they are not.',
  norms_grew:
    '‖new‖ / ‖old‖ of every matrix. Told where it is above 1.5 in more than a tenth of them and no scaling or other form explains it; critical where the whole grew to more than 3 times its norm.',
  directions_changed:
    'cos = Σ(old·new) / (‖old‖ · ‖new‖) of every matrix. Told where it is below 0.9 in more than a tenth of them; fine-tuning keeps it above 0.99.',
  architecture_changed: 'Names and shapes of both checkpoints, after the renaming that the report names.',
  embedding_resized:
    'The shapes differ in the first dimension only. The rows that both have were compared, and the size of the others with theirs.',
  configuration_changed: 'Every key of the configuration files of both folders. Known keys say what their change means.',
  elements_kept:
    'Elements that changed, beside the share that a dense update of the measured size would have changed after rounding to the dtype. The model of rounding comes from the sizes of the weights.',
  tensors_out_of_line:
    'log of the relative change of each matrix, less the median of its module and of its block. Told from 3 times that on, and from 3 robust standard deviations.',
  types_changed:
    'R = √(Σd² / Σ max(old², new²)) of all tensors of a type. Told where it is 3 times that of all others together, or above the threshold.',
  experts_uneven: 'Gini coefficient of the relative changes of the experts: 0 is even, 1 is all in one. Told from 0.4 on.',
  parts_frozen:
    'Tensors that are equal in every element by value. Told where the first line does not, or where half or more did not change.',
  size: `R = √(Σd² / Σ max(old², new²)) over all matrices. Bands: ${LIMITS}, else heavy. Their limits lie between the kinds of 45 public pairs of models.`,
};
