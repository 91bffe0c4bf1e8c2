import type { ResizedTensor } from '../../comparison/summary.ts';
import type { TensorRow } from '../tensor-row.ts';
import { formatPercent } from '../../wording/numbers.ts';
import type { Explain } from './insight.ts';

/** New rows whose size is outside this range of the old ones' do not look like trained rows. */
const USUAL_RATIO = { least: 0.5, most: 2 };

/** Embeddings and heads that only have another number of rows: the vocabulary grew or shrank. */
export const explainEmbeddingResize: Explain = ({ rows, summary }) =>
  rows
    .filter((row) => isResized(row))
    .map((row) => {
      const from = row.oldShape?.[0] ?? 0;
      const to = row.newShape?.[0] ?? 0;
      const verb = to > from ? `gained ${to - from}` : `lost ${from - to}`;
      const resized = summary.resized?.find((one) => one.name === row.name);
      return {
        code: 'embedding_resized',
        category: 'architecture',
        title: row.class.type === 'output' ? 'Output Head Resized' : 'Embedding Resized',
        description: `${row.name} ${verb} rows (${from} to ${to}); its other dimensions are the same.${describeRows(resized)}`,
        severity: 'info',
        evidence: { tensor: row.name, oldRows: from, newRows: to, ...readEvidence(resized) },
      };
    });

function describeRows(resized: ResizedTensor | undefined): string {
  if (resized === undefined) return '';
  const common = resized.identical
    ? ` The ${resized.commonRows} common rows did not change.`
    : resized.relativeChange === null
      ? ''
      : ` The ${resized.commonRows} common rows changed by ${formatPercent(resized.relativeChange)}.`;
  const ratio = readRatio(resized);
  if (ratio === null || resized.newRows < resized.oldRows) return common;
  const looks = ratio < USUAL_RATIO.least || ratio > USUAL_RATIO.most ? ', unlike them: perhaps not trained' : '';
  return `${common} The new rows are ${ratio.toPrecision(2)}× as large as the others${looks}.`;
}

/** Root mean square of the rows that one side has alone, relative to that of the common ones. */
function readRatio({ commonRms, restRms }: ResizedTensor): number | null {
  return commonRms === null || restRms === null || commonRms === 0 ? null : restRms / commonRms;
}

function readEvidence(resized: ResizedTensor | undefined): Readonly<Record<string, unknown>> {
  if (resized === undefined) return {};
  const { commonRows, relativeChange, changeRatio, identical, restStd } = resized;
  return { commonRows, relativeChange, changeRatio, identical, restStd, restToCommonRms: readRatio(resized) };
}

function isResized({ changeType, oldShape, newShape, class: { type } }: TensorRow): boolean {
  if (changeType !== 'shape_changed' || (type !== 'embedding' && type !== 'output')) return false;
  if (oldShape === null || newShape === null || oldShape.length !== newShape.length || oldShape.length === 0) return false;
  return oldShape[0] !== newShape[0] && oldShape.slice(1).every((size, at) => size === newShape[at + 1]);
}
