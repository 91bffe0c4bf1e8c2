import type { TensorRow } from '../tensor-row.ts';
import type { Explain } from './insight.ts';

/** Embeddings and heads that only have another number of rows: the vocabulary grew or shrank. */
export const explainEmbeddingResize: Explain = ({ rows }) =>
  rows
    .filter((row) => isResized(row))
    .map((row) => {
      const from = row.oldShape?.[0] ?? 0;
      const to = row.newShape?.[0] ?? 0;
      const verb = to > from ? `gained ${to - from}` : `lost ${from - to}`;
      return {
        category: 'architecture',
        title: row.class.type === 'output' ? 'Output Head Resized' : 'Embedding Resized',
        description: `${row.name} ${verb} rows (${from} to ${to}); its other dimensions are the same.`,
        severity: 'info',
        evidence: { tensor: row.name, oldRows: from, newRows: to },
      };
    });

function isResized({ changeType, oldShape, newShape, class: { type } }: TensorRow): boolean {
  if (changeType !== 'shape_changed' || (type !== 'embedding' && type !== 'output')) return false;
  if (oldShape === null || newShape === null || oldShape.length !== newShape.length || oldShape.length === 0) return false;
  return oldShape[0] !== newShape[0] && oldShape.slice(1).every((size, at) => size === newShape[at + 1]);
}
