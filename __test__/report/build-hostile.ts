import { alter, buildResult, type BuiltResult } from './build.ts';
import { checkRules } from '../../src/rules/check.ts';
import { HOSTILE_NAMES } from './hostile.ts';

/** Everything that a file can put into a report, hostile. */
export function buildHostile(): BuiltResult {
  const built = buildResult(
    HOSTILE_NAMES.map((name, index) => ({
      name,
      layerType: 'attention' as const,
      depth: index,
      newDtype: index % 2 === 0 ? '<b>f32' : 'f32',
      ...(index % 5 === 0 ? { error: `${name} cannot be read` } : {}),
    })),
  );
  const evil = HOSTILE_NAMES.filter((name) => name.length < 1000);
  const insights = evil.map((name) => ({
    code: 'size' as const,
    category: 'stability' as const,
    title: name,
    description: name,
    severity: 'warning' as const,
    evidence: { [name]: name, list: [name] },
  }));
  const layerAnalysis = Object.fromEntries(
    evil.map((layerType) => [
      layerType,
      { layerType, count: 1, totalChange: 1, avgChange: 0.1, maxChange: 1, layers: [layerType] },
    ]),
  );
  const altered = alter(built, {
    summary: {
      nameChanges: evil.map((rule) => ({ side: 'old', kind: 'rename', rule, tensors: 1 })),
      configChanges: evil.map((key) => ({ key, old: key, new: { [key]: [key] } })),
      mostChangedLayers: evil.map((name) => [name, 0.1] as const),
    },
    analysis: {
      insights,
      layerAnalysis,
      summary: { ...built.analysis.summary, verdict: evil.join(' ') },
      depthProfile: evil.map((stack, depth) => ({ stack, depth, change: 0.1 })),
    },
  });
  const failOn = [
    'change>0',
    'dtype',
    'config',
    ...evil.filter((name) => name !== '').map((name) => `change>0@{a,*${name.replaceAll('[', '[[]')}}`),
  ];
  return { ...altered, rules: checkRules(altered.comparison, { failOn, expect: { may: { change: evil } } }) };
}
