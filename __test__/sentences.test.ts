/** First lines of pairs whose truth is known by construction: every kind of `benches/sentences` on LLaMA and on one more architecture. */
import test from 'ava';
import { ARCHITECTURES } from '../benches/sentences/architectures.ts';
import { KINDS } from '../benches/sentences/kinds/kinds.ts';
import { judgeAll } from '../benches/sentences/run.ts';

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
  const judged = await judgeAll((kind, architecture) => chosen.get(kind)?.has(architecture) === true);
  const isRight = ({ missing, wrong }: (typeof judged)[number]): boolean => missing.length + wrong.length === 0;
  const say = (list: typeof judged): string =>
    list.map(({ kind, architecture, dtype, verdict }) => `${kind}, ${architecture}, ${dtype}: ${verdict}`).join('\n');
  t.true(judged.length > 100, `${judged.length}`);
  t.is(say(judged.filter(({ wrong }) => wrong.length > 0)), '');
  const wrong = judged.filter((one) => !isRight(one));
  t.true(judged.length - wrong.length >= RIGHT * judged.length, say(wrong));
  t.log(`${judged.length - wrong.length} of ${judged.length}`, say(wrong));
});
