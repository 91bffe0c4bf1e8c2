import type { DepthPoint } from '../../analysis/types.ts';
import { escapeTerminal } from '../../wording/escape.ts';
import {
  findLargest,
  formatConfidence,
  formatCosine,
  formatCount,
  formatExponent,
  formatNoun,
  formatPercent,
} from '../../wording/numbers.ts';
import type { Report } from '../report.ts';
import { drawBar, drawProfile } from './glyphs.ts';
import type { Layout } from './layout.ts';
import { measureCells, truncateMiddle } from '../../wording/width.ts';

const LABEL_CELLS = 17;

/** Tensors by kind of change, on one line or two. */
export function writeCounts(report: Report, layout: Layout): string[] {
  const { summary } = report;
  const { glyphs, paint } = layout;
  const within = summary.unchangedTensors - summary.identicalTensors;
  const parts = [
    paint('warn', `${glyphs.modified} ${formatCount(summary.modifiedTensors)} modified`),
    `${glyphs.identical} ${formatCount(summary.identicalTensors)} identical`,
    within > 0 ? `${glyphs.within} ${formatCount(within)} within the threshold` : '',
    paint('good', `${glyphs.added} ${formatCount(summary.addedTensors)} added`),
    paint('bad', `${glyphs.removed} ${formatCount(summary.removedTensors)} removed`),
    summary.reshapedTensors > 0 || summary.dtypeChangedTensors === 0
      ? `${glyphs.shape} ${formatCount(summary.reshapedTensors)} reshaped`
      : '',
    summary.dtypeChangedTensors > 0 ? `${glyphs.shape} ${formatCount(summary.dtypeChangedTensors)} with another dtype` : '',
    describeNonfinite(report, layout),
    summary.failedTensors > 0 ? paint('bad', `x ${formatCount(summary.failedTensors)} failed`) : '',
  ];
  return joinParts(
    parts.filter((part) => part !== ''),
    '   ',
    layout.width - 2,
  ).map((line) => `  ${line}`);
}

/** Size, place and pattern of the change. Nothing where nothing changed. */
export function writeNumbers(report: Report, layout: Layout): string[] {
  const { summary, analysis } = report;
  const lines: string[] = [];
  if (summary.relativeChange !== null) {
    const { median, p99, max } = summary.relativeChange;
    const cosine = summary.oneMinusCosMax === null ? '' : `   cosine min ${formatCosine(summary.oneMinusCosMax, 5)}`;
    lines.push(
      label(
        'relative change',
        `median ${formatExponent(median)}   p99 ${formatExponent(p99)}   max ${formatExponent(max)}${cosine}`,
        layout,
      ),
    );
  }
  if (summary.changedElements !== null && summary.changedElements > 0) {
    const share = summary.totalElements > 0 ? ` (${formatPercent(summary.changedElements / summary.totalElements, 3)})` : '';
    lines.push(
      label(
        'elements',
        `${formatCount(summary.changedElements)} of ${formatCount(summary.totalElements)} changed${share}`,
        layout,
      ),
    );
  }
  lines.push(...writeDepths(analysis.depthProfile, layout), ...writeTypes(report, layout), ...writePattern(report, layout));
  return lines;
}

function describeNonfinite(report: Report, { glyphs, paint }: Layout): string {
  const { old, new: next } = report;
  if (old.nonfinite === 0 && next.nonfinite === 0) return `${glyphs.nonfinite} no NaN/Inf`;
  return paint('bad', `${glyphs.nonfinite} NaN/Inf ${formatCount(old.nonfinite)} ${glyphs.arrow} ${formatCount(next.nonfinite)}`);
}

function writeDepths(profile: readonly DepthPoint[], layout: Layout): string[] {
  const stacks = new Map<string, number[]>();
  for (const { stack, change } of profile) {
    const changes = stacks.get(stack);
    if (changes === undefined) stacks.set(stack, [change]);
    else changes.push(change);
  }
  const drawn = [...stacks].filter(([, changes]) => changes.length > 1 && changes.some((change) => change > 0)).slice(0, 4);
  return drawn.map(([stack, changes], index) => {
    const top = `${formatNoun(changes.length, 'block')}, highest ${formatExponent(findLargest(changes))}`;
    const which = stacks.size > 1 ? `${truncateMiddle(escapeTerminal(stack), 24, layout.glyphs.ellipsis)}: ` : '';
    const room = layout.width - 2 - LABEL_CELLS - measureCells(top) - measureCells(which) - 4;
    const bars = drawProfile(changes, Math.max(8, room), layout.glyphs);
    return label(index === 0 ? 'by depth' : '', `${which}${layout.paint('accent', bars)}  (${top})`, layout);
  });
}

function writeTypes(report: Report, layout: Layout): string[] {
  const types = Object.values(report.analysis.layerAnalysis)
    .filter((type) => type.count > 0)
    .sort((a, b) => b.avgChange - a.avgChange);
  const top = types[0]?.avgChange ?? 0;
  if (top === 0) return [];
  const parts = types.map((type) => {
    const bar = layout.paint('accent', drawBar(type.avgChange / top, 7, layout.glyphs));
    return [truncateMiddle(escapeTerminal(type.layerType), 24, layout.glyphs.ellipsis), bar, formatExponent(type.avgChange)]
      .filter((cell) => cell !== '')
      .join(' ');
  });
  return joinParts(parts, ` ${layout.glyphs.separator} `, layout.width - 2 - LABEL_CELLS).map((line, index) =>
    label(index === 0 ? 'by layer type' : '', line, layout),
  );
}

function writePattern({ analysis }: Report, layout: Layout): string[] {
  const { pattern } = analysis;
  if (pattern === null || pattern.identical) return [];
  const [, second] = pattern.probabilities;
  const runnerUp = pattern.ambiguous && second !== undefined ? `, or ${second[0]} (${formatConfidence(second[1])})` : '';
  return [label('pattern', `${pattern.pattern} (${formatConfidence(pattern.confidence)} sure)${runnerUp}`, layout)];
}

function label(name: string, text: string, layout: Layout): string {
  return `  ${layout.paint('dim', name.padEnd(LABEL_CELLS))}${text}`;
}

/** Joins parts into as few lines as hold them. Colours take no cells. */
function joinParts(parts: readonly string[], separator: string, cells: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const part of parts) {
    const joined = line === '' ? part : line + separator + part;
    if (line !== '' && measureCells(stripColors(joined)) > cells) {
      lines.push(line);
      line = part;
    } else {
      line = joined;
    }
  }
  return line === '' ? lines : [...lines, line];
}

function stripColors(text: string): string {
  // eslint-disable-next-line no-control-regex -- the sequences that paint.ts writes
  return text.replace(/\u001b\[\d+m/g, '');
}
