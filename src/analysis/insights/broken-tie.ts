import type { TensorRow } from '../tensor-row.ts';
import type { Explain } from './insight.ts';

/** Embedding and head that were one tensor in old and are two different ones in new. */
export const explainBrokenTie: Explain = ({ rows }) => {
  const embedding = rows.find(
    (row) => row.class.type === 'embedding' && row.class.role === 'token' && row.newShape?.length === 2,
  );
  const head = rows.find((row) => row.class.type === 'output' && row.class.role === 'head' && row.newShape?.length === 2);
  if (embedding === undefined || head === undefined || !isSameShape(embedding, head)) return [];
  // A side that lacks other tensors too is a part of a model, and says nothing of ties.
  const isAdded = (row: TensorRow): boolean => row.changeType === 'added' && row !== head && row !== embedding;
  if (rows.some(isAdded) && (head.changeType === 'added' || embedding.changeType === 'added')) return [];
  const wasTied = head.changeType === 'added' || embedding.changeType === 'added' || isOne(embedding, head, 'old');
  if (!wasTied || head.changeType === 'removed' || embedding.changeType === 'removed' || isOne(embedding, head, 'new')) return [];
  const old = head.changeType === 'added' ? `${head.name} did not exist` : 'both were the same';
  return [
    {
      code: 'tie_broken',
      category: 'architecture',
      title: 'Tied Weights Came Apart',
      description: `${embedding.name} and ${head.name} differ in the new checkpoint; in the old one ${old}. A loader that ties them will drop one of the two.`,
      severity: 'warning',
      evidence: {
        embedding: embedding.name,
        head: head.name,
        newNormEmbedding: embedding.newNorm,
        newNormHead: head.newNorm,
        headWas: head.changeType,
      },
      confidence: head.changeType === 'added' ? 0.9 : 0.99,
    },
  ];
};

function isSameShape(a: TensorRow, b: TensorRow): boolean {
  return a.newShape?.every((size, at) => size === b.newShape?.[at]) === true;
}

/** Whether two tensors have equal statistics on one side, which different weights do not. */
function isOne(a: TensorRow, b: TensorRow, side: 'old' | 'new'): boolean {
  const [x, y] = [a.readSide(side), b.readSide(side)];
  const normA = side === 'old' ? a.oldNorm : a.newNorm;
  const normB = side === 'old' ? b.oldNorm : b.newNorm;
  const isClose = (p: number, q: number): boolean => Math.abs(p - q) <= 1e-12 * Math.max(Math.abs(p), Math.abs(q));
  return (
    isClose(normA, normB) && isClose(x.mean, y.mean) && isClose(x.std, y.std) && isClose(x.min, y.min) && isClose(x.max, y.max)
  );
}
