import { formatConfidence, formatCount, formatPercent } from '../../wording/numbers.ts';
import type { Report } from '../report.ts';
import { label } from './label.ts';
import type { Layout } from './layout.ts';
import { counted, type Section } from './sections.ts';

/** What else there is to know of the change as a whole. */
export function writeFigures(report: Report, layout: Layout): Section {
  const figures = { elements: describeElements(report), spread: describeSpread(report), pattern: describePattern(report) };
  const items = Object.entries(figures)
    .filter(([, text]) => text !== '')
    .map(([name, text]) => [label(name, text, layout)]);
  return { id: 'figures', items, name: counted('figure') };
}

function describeElements({ summary: { changedElements, totalElements } }: Report): string {
  if (changedElements === null || changedElements === 0 || totalElements === 0) return '';
  return `${formatPercent(changedElements / totalElements, 3)} changed (${formatCount(changedElements)} of ${formatCount(totalElements)})`;
}

function describeSpread({ summary: { relativeChange } }: Report): string {
  if (relativeChange === null || relativeChange.median === relativeChange.max) return '';
  const [median, p99, max] = [relativeChange.median, relativeChange.p99, relativeChange.max].map((size) => formatPercent(size));
  const top = p99 === max ? '' : `, 99% of them below ${p99}`;
  return `median of the changed tensors ${median}${top}, highest ${max}`;
}

/** The words are those of the JSON, spelled for people. */
function describePattern({ analysis: { pattern } }: Report): string {
  if (pattern === null || pattern.identical) return '';
  const spell = (name: string): string => name.replaceAll('_', ' ');
  const [, second] = pattern.probabilities;
  const sure = pattern.confidence < 0.95 ? ` (${formatConfidence(pattern.confidence)} sure)` : '';
  const other = pattern.ambiguous && second !== undefined ? `, or ${spell(second[0])} (${formatConfidence(second[1])})` : '';
  return spell(pattern.pattern) + sure + other;
}
