import type { Term } from './explain.ts';

/** What the numbers of a series are of. */
export const SERIES_NOTE =
  'The whole is the measured tensors taken as one vector: matrices that every checkpoint has with one shape, or all such tensors where there is no matrix.';

/** Every number of the page in one sentence. */
export const SERIES_TERMS: readonly Term[] = [
  ['Relative step', 'How long the way from the checkpoint before is, beside the norm of that checkpoint.', '‖new − old‖ / ‖old‖'],
  ['From start', 'How far away the first checkpoint is, beside its norm.', '‖new − first‖ / ‖first‖'],
  [
    'Straightness',
    'Distance from the start divided by the sum of all steps: 1 is a straight line. None once there is NaN or Inf.',
    '‖new − first‖ / Σ‖step‖',
  ],
  [
    'Step cosine',
    'Whether a step goes on in the direction of the one before: above 0.5 a straight drift, 0.1 to 0.5 ordinary training, near 0 like a random walk, below -0.1 steps undo each other. Weights that are rounded when they are saved push it down.',
    null,
  ],
  ['Way cosine', 'The same, between a step and the whole way before it.', null],
  ['Norm', 'Norm of the checkpoint beside that of the first one.', '‖new‖ / ‖first‖'],
  ['Changed', 'Share of the elements of all tensors that the step changed by more than the threshold.', null],
  [
    'Jump',
    'A relative step or a norm far above those before: robust z of its logarithm above 5 over the 5 to 20 before it, at least three times their median; with fewer than five before it, more than ten times their median. The first step is never one.',
    null,
  ],
  ['NaN and Inf', 'Counted, and left out of every other number. A cosine is only of tensors without them.', null],
  [
    'Stored as codes',
    'Quantised weights have no values without their scales: steps into and out of them have no size, and neither has a step of the whole.',
    null,
  ],
  [
    'Colours of the map, bars of the table',
    'Relative steps on a logarithmic scale. A cell stands for the largest of its tensors, so that one that jumped is seen among many that did not.',
    null,
  ],
];
