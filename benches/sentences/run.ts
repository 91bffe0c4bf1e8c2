/**
 * What the first line says of pairs whose truth is known by construction: `npx tsx benches/sentences/run.ts [--kind NAME] [--architecture NAME] [--all] [--write]`.
 * Prints the confusion table, and every line that is wrong; `--write` puts the table into docs/analysis.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { analyze, compare } from 'model-diff';
import { createRandom } from '../analysis/random.ts';
import { ARCHITECTURES } from './architectures.ts';
import { KINDS } from './kinds/kinds.ts';
import { createModel } from './model.ts';
import type { StorageType } from './number-formats.ts';

/** One verdict and how it was judged. */
export interface Judged {
  readonly kind: string;
  readonly architecture: string;
  readonly dtype: StorageType;
  readonly verdict: string;
  /** What should have been said and was not. */
  readonly missing: readonly RegExp[];
  /** What must not be said and was. */
  readonly wrong: readonly RegExp[];
}

/** Judges every kind on every architecture and type that it makes sense for. */
export async function judgeAll(select: (kind: string, architecture: string) => boolean = () => true): Promise<Judged[]> {
  const judged: Judged[] = [];
  for (const kind of KINDS) {
    for (const architecture of ARCHITECTURES.filter((one) => (kind.applies?.(one) ?? true) && select(kind.name, one.name))) {
      for (const dtype of kind.dtypes ?? (['bf16', 'f32'] as const)) {
        const random = createRandom(KINDS.indexOf(kind) * 1000 + ARCHITECTURES.indexOf(architecture) * 10 + dtype.length);
        const pair = kind.make(createModel(architecture, dtype, random), random, architecture);
        const { verdict } = analyze(await compare(pair.old, pair.new)).summary;
        judged.push({
          kind: kind.name,
          architecture: architecture.name,
          dtype,
          verdict,
          missing: pair.says.filter((words) => !words.test(verdict)),
          wrong: pair.never.filter((words) => words.test(verdict)),
        });
      }
    }
  }
  return judged;
}

/** Lines of a Markdown table: kind, pairs, right, false statements. */
export function tabulate(judged: readonly Judged[]): string[] {
  const kinds = [...new Set(judged.map(({ kind }) => kind))];
  const rows = kinds.map((kind) => {
    const own = judged.filter((one) => one.kind === kind);
    const right = own.filter(({ missing, wrong }) => missing.length + wrong.length === 0).length;
    return `| ${kind} | ${own.length} | ${right} | ${own.filter(({ wrong }) => wrong.length > 0).length} |`;
  });
  return ['| kind | pairs | first lines right | false statements |', '| --- | ---: | ---: | ---: |', ...rows];
}

/** Puts the table between its markers in docs/analysis.md. */
function writeTable(lines: readonly string[]): void {
  const page = new URL('../../docs/analysis.md', import.meta.url);
  const text = readFileSync(page, 'utf8');
  const filled = text.replace(/(<!-- sentences -->\n)[^]*?(<!-- \/sentences -->)/u, (_, before: string, after: string) =>
    [before, ...lines.map((line) => `${line}\n`), after].join(''),
  );
  writeFileSync(page, filled);
}

if (process.argv[1]?.endsWith('run.ts')) {
  const only = (flag: string): string => process.argv[process.argv.indexOf(flag) + 1] ?? '';
  const isAsked = (flag: string, name: string): boolean => !process.argv.includes(flag) || name.includes(only(flag));
  const judged = await judgeAll((kind, architecture) => isAsked('--kind', kind) && isAsked('--architecture', architecture));
  const right = judged.filter(({ missing, wrong }) => missing.length + wrong.length === 0).length;
  const total = `${right} of ${judged.length} right; false statements in ${judged.filter(({ wrong }) => wrong.length > 0).length}.`;
  const table = [...tabulate(judged), '', total];
  console.log(table.join('\n'));
  if (process.argv.includes('--write')) writeTable(table);
  for (const { kind, architecture, dtype, verdict, missing, wrong } of judged) {
    if (process.argv.includes('--all') || missing.length + wrong.length > 0)
      console.log(
        `\n${kind} · ${architecture} · ${dtype}\n  ${verdict}\n  missing ${missing.join(' ')}  wrong ${wrong.join(' ')}`,
      );
  }
}
