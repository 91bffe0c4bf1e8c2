import { formatCount, formatNoun, formatPercent } from '../../wording/numbers.ts';
import { joinWords } from '../../wording/sentences.ts';
import { groupChange, measureOverall } from '../overall.ts';
import type { TensorRow } from '../tensor-row.ts';
import type { Explain } from './explanation.ts';
import { hasChanged } from './story.ts';

/** Statistics of batch norms that moved: the model ran in training mode, trained or not. */
export const explainStatistics: Explain = ({ apart }) => {
  const rows = (apart.get('statistics') ?? []).filter((row) => hasChanged(row));
  if (rows.length === 0) return [];
  const layers = new Set(rows.map(({ name }) => name.replace(/[._][^._]*[._]?[^._]*$/u, ''))).size;
  return [
    {
      code: 'statistics_moved',
      rows,
      sentence: `batch statistics of ${formatNoun(layers, 'layer')} moved: the model ran in training mode`,
      evidence: { tensors: rows.length, layers },
    },
  ];
};

/** Weights that are stored as codes on a side: without their scales they have no values. */
export const explainCodes: Explain = ({ apart, weights }) => {
  const rows = apart.get('codes') ?? [];
  if (rows.length === 0) return [];
  const all = rows.length + weights.length;
  const isOn = (row: TensorRow, side: 'old' | 'new'): boolean => isCodeType(side === 'old' ? row.oldDtype : row.newDtype);
  const both = rows.filter((row) => isOn(row, 'old') && isOn(row, 'new'));
  const type = nameCodes((isOn(rows[0] as TensorRow, 'new') ? rows[0]?.newDtype : rows[0]?.oldDtype) ?? '');
  const evidence = { tensors: rows.length, of: all, type, sameCodes: both.filter((row) => row.isIdentical).length };
  if (both.length === rows.length) {
    const changed = rows.filter((row) => !row.isIdentical).length;
    const words =
      changed === 0
        ? `the codes of all ${formatNoun(rows.length, 'quantised tensor')} are identical`
        : `the codes of ${formatCount(changed)} of ${formatNoun(rows.length, 'quantised tensor')} differ; without their scales that has no size`;
    return [{ code: 'codes', rows, sentence: words, evidence }];
  }
  const side = rows.every((row) => isOn(row, 'new')) ? 'quantised to' : 'dequantised from';
  return [
    {
      code: 'codes',
      rows,
      sentence: `${side} ${type}: ${formatCount(rows.length)} of ${formatNoun(all, 'tensor')} ${rows.length === 1 ? 'is' : 'are'} stored as codes, which were not compared by value`,
      evidence,
    },
  ];
};

function isCodeType(dtype: string): boolean {
  return /^[iu]\d+$|^f[468]_|^bool$/.test(dtype);
}

function nameCodes(dtype: string): string {
  return dtype.startsWith('f8') ? 'fp8' : dtype.startsWith('f4') ? 'fp4' : dtype.replace(/^[iu]/, 'int');
}

/** States of an optimizer: how far each run was, and whether it is one run. */
export const explainOptimizer: Explain = ({ apart }) => {
  const rows = (apart.get('optimizer') ?? []).filter((row) => row.isCompared);
  if (rows.length === 0) return [];
  const steps = rows.filter(({ name, elements }) => /(^|\.)step$/.test(name) && elements === 1);
  const moments = rows.filter(({ name }) => /exp_avg$|momentum_buffer$/.test(name));
  const step = (side: 'old' | 'new'): number =>
    steps.reduce((most, row) => Math.max(most, row.readSide(side).max), Number.NEGATIVE_INFINITY);
  const { cosine } = measureOverall(moments);
  const change = groupChange(rows.filter((row) => !steps.includes(row)));
  const isSame = rows.every((row) => row.isIdentical);
  const facts = [
    steps.length > 0 ? `step ${formatCount(step('old'))} → ${formatCount(step('new'))}` : null,
    cosine === null ? null : `first moments have a cosine of ${cosine.toFixed(2)}`,
    isSame ? 'identical' : `changed by ${formatPercent(change)}`,
  ].filter((fact) => fact !== null);
  return [
    {
      code: 'optimizer_state',
      rows,
      sentence: `optimizer states: ${joinWords(facts)}`,
      evidence: {
        tensors: rows.length,
        oldStep: steps.length > 0 ? step('old') : null,
        newStep: steps.length > 0 ? step('new') : null,
        cosine,
        change,
        isSame,
      },
    },
  ];
};
