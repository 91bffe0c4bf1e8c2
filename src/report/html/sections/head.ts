import { formatCompact, formatCosine, formatCount, formatNoun, formatPercent } from '../../../wording/numbers.ts';
import { truncateMiddle } from '../../../wording/width.ts';
import type { ComparedSide } from '../../../comparison/side.ts';
import type { Report } from '../../report.ts';
import { html, type Markup } from '../view/markup.ts';
import { showName } from '../view/name.ts';
import { drawSizeScale } from '../view/size-scale.ts';
import { TOOL } from '../../../tool.ts';
import { SIZE_BANDS } from '../size-bands.ts';

/** A longer verdict is set in smaller letters. */
export const LONG_VERDICT = 240;

/** Parts of the page that the bar on top leads to, as [identifier, word]. */
export type Part = readonly [id: string, word: string];

/** The bar that stays on top: names, parts, and what the script adds. */
export function showBar(names: Markup, parts: readonly Part[], tools: Markup | null): Markup {
  return html`<nav aria-label="Parts of the report"><b>${TOOL.name}</b><span class="names">${names}</span>${parts.map(([id, word]) => html`<a href="#${id}">${word}</a>`)}<span class="room"></span><span class="tools live">${tools}<button id="copy-link">Copy link</button><button id="theme" aria-label="Light or dark">◐</button></span></nav>`;
}

/** `base → tuned`. */
export function showNames({ oldName, newName }: Report): Markup {
  return html`${showName(oldName)}<span class="arrow"> → </span>${showName(newName)}`;
}

/** The verdict, the size of the change, and the numbers that sum it up. */
export function showHead(report: Report): Markup {
  const { analysis, old, new: fresh } = report;
  const { verdict, band, change } = analysis.summary;
  const hasSize =
    change !== null && change > 0 && band !== 'identical' && band !== 'replaced' && countCodes(report) === 0 && !isBroken(report);
  return html`<header>
<h1 class="verdict${verdict.length > LONG_VERDICT ? ' long' : null}">${truncateMiddle(verdict, 2000)}</h1>
<p class="sides-line">${describeSides(old, fresh)}</p>
${hasSize ? html`<div class="size">${drawSizeScale(change, SIZE_BANDS)}<span class="size-words"><b>${formatPercent(change, 3)}</b> overall change, ${band}</span></div>` : null}
${showFigures(listFigures(report))}
</header>`;
}

/** Tensors that are stored as codes: the whole has no size then. */
function countCodes({ analysis }: Report): number {
  return analysis.explanations.find(({ code }) => code === 'codes')?.tensors.length ?? 0;
}

/** Whether most tensors hold NaN or Inf: what is left of them has a size, the model has none. */
function isBroken({ analysis, summary }: Report): boolean {
  const broken = analysis.explanations.filter(({ code }) => code === 'broken' || code === 'overflowed');
  return broken.reduce((sum, { tensors }) => sum + tensors.length, 0) * 2 > summary.comparedTensors;
}

/** `57 tensors, 119k parameters, bf16`, with both numbers where the sides differ. */
function describeSides(old: ComparedSide, fresh: ComparedSide): string {
  const both = (before: string, after: string): string => (before === after ? after : `${before || '–'} → ${after || '–'}`);
  const dtypes = (side: ComparedSide): string =>
    side.dtypes
      .slice(0, 3)
      .map(([dtype]) => dtype)
      .join('/');
  const noun = (before: number, after: number, word: string): string => (before === 1 && after === 1 ? word : `${word}s`);
  return [
    `${both(formatCount(old.tensors), formatCount(fresh.tensors))} ${noun(old.tensors, fresh.tensors, 'tensor')}`,
    `${both(formatCompact(old.elements), formatCompact(fresh.elements))} ${noun(old.elements, fresh.elements, 'parameter')}`,
    both(dtypes(old), dtypes(fresh)),
  ].join(', ');
}

/** A number with what it counts; problems stand first and in red, zeros in grey. */
export interface Figure {
  readonly value: string;
  readonly words: string;
  readonly kind: 'alarm' | 'plain' | 'quiet';
}

/** Numbers in a row. */
export function showFigures(figures: readonly Figure[]): Markup {
  const order = { alarm: 0, plain: 1, quiet: 2 };
  return html`<dl class="figures">
${figures.toSorted((a, b) => order[a.kind] - order[b.kind]).map(({ value, words, kind }) => html`<div class="${kind}"><dt>${words}</dt><dd>${value}</dd></div>\n`)}
</dl>`;
}

function listFigures(report: Report): Figure[] {
  const { summary, analysis, old, new: fresh } = report;
  const compared = summary.modifiedTensors + summary.unchangedTensors;
  const structural = [
    [summary.addedTensors, 'added'],
    [summary.removedTensors, 'removed'],
    [summary.reshapedTensors, 'reshaped'],
  ] as const;
  const isSameStructure = structural.every(([count]) => count === 0);
  const codes = countCodes(report);
  const hasSize = codes === 0 && !isBroken(report);
  const changed = summary.modifiedTensors - codes;
  const within = summary.unchangedTensors - summary.identicalTensors;
  const { cosine } = analysis.summary;
  const plain = (value: string, words: string, isZero: boolean = false): Figure => ({
    value,
    words,
    kind: isZero ? 'quiet' : 'plain',
  });
  const figures: (Figure | null)[] = [
    codes > 0 ? plain(formatCount(codes), 'stored as codes, not compared by value') : null,
    plain(formatCount(changed), `of ${formatNoun(compared - codes, 'tensor')} changed`, changed === 0),
    summary.changedElements === null || summary.totalElements === 0 || codes > 0
      ? null
      : plain(
          formatPercent(summary.changedElements / summary.totalElements, 3),
          `of ${formatCompact(summary.totalElements)} ${summary.totalElements === 1 ? 'element' : 'elements'}`,
          summary.changedElements === 0,
        ),
    hasSize && cosine !== null && summary.modifiedTensors > 0 ? plain(formatCosine(1 - cosine, 5), 'cosine') : null,
    within > 0 ? plain(formatCount(within), 'within the threshold') : null,
    summary.identicalTensors > 0 ? plain(formatCount(summary.identicalTensors), 'identical') : null,
    summary.dtypeChangedTensors > 0 ? plain(formatCount(summary.dtypeChangedTensors), 'with another dtype') : null,
    ...(isSameStructure
      ? [plain('0', 'added, removed, reshaped', true)]
      : structural.map(([count, words]) => (count === 0 ? null : plain(formatCount(count), words)))),
    describeNonfinite(old.nonfinite, fresh.nonfinite),
    summary.failedTensors === 0
      ? null
      : { value: formatCount(summary.failedTensors), words: 'could not be compared', kind: 'alarm' },
  ];
  return figures.filter((figure) => figure !== null);
}

function describeNonfinite(before: number, after: number): Figure {
  if (after > before)
    return {
      value: formatCount(after),
      words: before > 0 ? `NaN or Inf, ${formatCount(before)} before` : 'NaN or Inf',
      kind: 'alarm',
    };
  return {
    value: formatCount(after),
    words: before > after ? `NaN or Inf, ${formatCount(before)} before` : 'NaN or Inf',
    kind: after === 0 ? 'quiet' : 'plain',
  };
}
