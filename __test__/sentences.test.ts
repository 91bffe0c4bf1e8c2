/** First lines of pairs whose truth is known by construction: every kind of `benches/sentences` on LLaMA and on one more architecture. */
import test from 'ava';
import { ARCHITECTURES } from '../benches/sentences/architectures.ts';
import { KINDS } from '../benches/sentences/kinds.ts';
import { judgeAll } from '../benches/sentences/run.ts';

/** Kinds that only a second look at the tensors tells apart. */
const NEEDS_PROBES: ReadonlySet<string> = new Set([
  'trained in pure bf16',
  'masked update',
  'rounded to bf16',
  'rounded to f16',
  'old is the rounded one',
  'two exports of one source',
  'values of bf16 in f32',
  'fp8, a scale a tensor',
  'fp8, a scale a row',
  'int8, a scale a row',
  '4 bits in blocks of 32',
  'old is dequantised',
  'pruned by magnitude',
  'pruned two of four',
  'pruned at random',
  'mask lost',
  'one row',
  'rotary layout',
  'rows in another order',
]);

/** Share of first lines that must be right. */
const RIGHT = 0.95;

/** LLaMA, and one more that takes turns. */
function chooseArchitectures(kind: (typeof KINDS)[number], turn: number): ReadonlySet<string> {
  const [first, ...others] = ARCHITECTURES.filter((one) => kind.applies?.(one) ?? true).map(({ name }) => name);
  return new Set([first, others[turn % Math.max(1, others.length)]].filter((name) => name !== undefined));
}

test('first lines are right, and none says what is not so', async (t) => {
  t.timeout(600_000);
  const chosen = new Map(KINDS.map((kind, turn) => [kind.name, chooseArchitectures(kind, turn)]));
  const judged = await judgeAll((kind, architecture) => !NEEDS_PROBES.has(kind) && chosen.get(kind)?.has(architecture) === true);
  const isRight = ({ missing, wrong }: (typeof judged)[number]): boolean => missing.length + wrong.length === 0;
  const say = (list: typeof judged): string =>
    list.map(({ kind, architecture, dtype, verdict }) => `${kind}, ${architecture}, ${dtype}: ${verdict}`).join('\n');
  t.true(judged.length > 100, `${judged.length}`);
  t.is(say(judged.filter(({ wrong }) => wrong.length > 0)), '');
  const wrong = judged.filter((one) => !isRight(one));
  t.true(judged.length - wrong.length >= RIGHT * judged.length, say(wrong));
  t.log(`${judged.length - wrong.length} of ${judged.length}`, say(wrong));
});

test('the kinds that need more are kinds that there are', (t) => {
  const names = new Set(KINDS.map(({ name }) => name));
  t.deepEqual(
    [...NEEDS_PROBES].filter((name) => !names.has(name)),
    [],
  );
});
