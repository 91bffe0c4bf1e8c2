/** What happens to files: a bit, a stretch of bytes, one value that is no number. */
import { change, isBody, type Model, type Weights } from '../model.ts';
import { firstOf, has, IDENTICAL, type Kind, pair, replaceValues, TRAINING } from './kind.ts';

/** The model with the values of its first matrix of an MLP edited. */
function editOne(base: Model, edit: (values: Float32Array, tensor: Weights) => void): Model {
  const { name } = firstOf(base, 'mlp');
  return replaceValues(
    base,
    (tensor) => tensor.name === name,
    (tensor) => {
      const values = tensor.values.slice();
      edit(values, tensor);
      return values;
    },
  );
}

export const FAULT_KINDS: readonly Kind[] = [
  {
    name: 'one NaN',
    applies: has('mlp'),
    make: (base) =>
      pair(
        base,
        editOne(base, (values) => values.fill(Number.NaN, 5, 6)),
        [/^broken: 1 of \d+ tensors contains NaN/i, /\(1 of [\d,]+ elements\)/, /all else is bit-identical/i],
        [IDENTICAL, TRAINING],
      ),
  },
  {
    name: 'a stretch of zeros',
    applies: has('mlp'),
    make: (base) =>
      pair(
        base,
        editOne(base, (values, { shape: [rows = 1] }) => {
          const width = values.length / rows;
          values.fill(0, Math.floor(2.4 * width), Math.floor((2.4 + Math.max(2, rows / 5)) * width));
        }),
        [/became zero, all in rows 2–\d+/, /all else is bit-identical/i],
        [IDENTICAL, TRAINING, /pruned/i],
      ),
  },
  {
    name: 'rows pruned',
    applies: has('mlp'),
    make: (base, random) =>
      pair(
        base,
        replaceValues(base, isBody, ({ values, shape: [rows = 1] }) => {
          const width = values.length / rows;
          const cut = new Set(random.sample([...Array(rows).keys()], Math.floor(rows / 4)));
          return values.map((value, at) => (cut.has(Math.floor(at / width)) ? 0 : value));
        }),
        [/^pruned: 2\d%/i, /in whole rows/],
        [IDENTICAL, TRAINING],
      ),
  },
  {
    name: 'a flipped bit',
    applies: has('mlp'),
    make: (base) =>
      pair(
        base,
        editOne(base, (values, { shape: [rows = 1] }) =>
          values.fill(-(2 ** 100), values.length / rows, values.length / rows + 1),
        ),
        [/only 1 element in row 1 of /i, /changed, to -1\.3e\+30/],
        [IDENTICAL, TRAINING],
      ),
  },
  {
    name: 'norms of 1 moved a little',
    applies: has('norm'),
    dtypes: ['f32'],
    make: (base, random) => {
      const fresh = change(base, ({ part }) => (part === 'norm' ? () => 1 : null));
      return pair(
        fresh,
        change(fresh, ({ part }) => (part === 'norm' ? (value) => value + 1e-4 * random.gaussian() : null)),
        [/norms? changed|norm.*changed|changed/i],
        [IDENTICAL, /same weights/i, /rounded/],
      );
    },
  },
];
