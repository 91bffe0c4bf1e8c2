import type { TrainingInsight } from '../../../analysis/types.ts';
import { quoteValue } from '../view/terms.ts';

/** The search that leaves the tensors that an insight is about; null where there is none. */
export function findQuery({ code, evidence }: TrainingInsight): string | null {
  switch (code) {
    case 'non_finite_appeared':
    case 'conversion_overflowed':
      return 'is:new-nan';
    case 'non_finite_stayed':
      return 'is:old-nan';
    case 'tensors_failed':
      return 'is:failed';
    case 'norms_grew':
      return 'is:matrix ratio>1.5';
    case 'directions_changed':
      return 'is:matrix cos>0.1';
    case 'elements_kept':
      return 'is:changed expected<0.9';
    case 'parts_frozen':
      return 'is:identical -type:buffer';
    case 'experts_uneven':
      return 'expert:0-1000000';
    case 'size':
      return 'is:matrix is:changed,unchanged,identical -type:buffer';
    case 'architecture_changed':
      return `is:${['added', 'removed', 'reshaped'].filter((kind) => Number(evidence[kind]) > 0).join(',')}`;
    case 'embedding_resized':
      return typeof evidence['tensor'] === 'string' ? findNames([evidence['tensor']]) : null;
    case 'tie_broken':
      return findNames([evidence['embedding'], evidence['head']]);
    case 'tensors_out_of_line':
      return Array.isArray(evidence['tensors'])
        ? findNames(evidence['tensors'].map((pair: unknown) => (Array.isArray(pair) ? pair[0] : pair)))
        : null;
    case 'types_changed':
      return findType(evidence);
    case 'left_out':
    case 'configuration_changed':
      return null;
  }
}

/** A search for these names and no others. */
function findNames(names: readonly unknown[]): string | null {
  const known = names.filter((name) => typeof name === 'string');
  if (known.length === 0) return null;
  const escaped = known.map((name) => name.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`).replace(/\s/g, '.'));
  return `/^(?:${escaped.join('|')})$/`;
}

function findType(evidence: Readonly<Record<string, unknown>>): string | null {
  const { layerType, types } = evidence;
  const pairs: readonly unknown[] = Array.isArray(types) ? types : [[layerType]];
  const known = pairs.flatMap((pair) => (Array.isArray(pair) && typeof pair[0] === 'string' ? [pair[0]] : []));
  return known.length === 0 ? null : `type:${quoteValue(known.join(','))} is:changed`;
}
