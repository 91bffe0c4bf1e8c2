/** Every number of the page in one sentence. */
export const SERIES_TERMS: readonly (readonly [term: string, sentence: string])[] = [
  ['Relative step', 'How long the way from the checkpoint before is, beside the norm of that checkpoint: ‖new − old‖ / ‖old‖.'],
  ['From start', 'How far away the first checkpoint is, beside its norm.'],
  [
    'Straightness',
    'Distance from the start divided by the sum of all steps: 1 is a straight line. None once there is NaN or Inf.',
  ],
  [
    'Step cosine',
    'Whether a step goes on in the direction of the one before: above 0.5 a straight drift, 0.1 to 0.5 ordinary training, near 0 like a random walk, below -0.1 steps undo each other. Weights that are rounded when they are saved push it down.',
  ],
  ['Way cosine', 'The same, between a step and the whole way before it.'],
  ['Norm', 'Norm of the checkpoint beside that of the first one.'],
  ['Changed', 'Share of the elements of all tensors that the step changed by more than the threshold.'],
  [
    'Jump',
    'A relative step or a norm far above those before: robust z of its logarithm above 5 over the 5 to 20 before it, at least three times their median; with fewer than five before it, more than ten times their median. The first step is never one.',
  ],
  ['NaN and Inf', 'Counted, and left out of every other number. A cosine is only of tensors without them.'],
];
