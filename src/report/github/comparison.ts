import { formatNoun, formatRest } from '../../wording/numbers.ts';
import { describePlace, listSerious } from '../findings.ts';
import type { Report } from '../report.ts';
import { isBroken, pickCases } from '../rules.ts';
import { type Annotation, writeAnnotations } from './annotation.ts';

/** Tensors that are named of those that could not be compared. */
const MOST_NAMES = 5;

/**
 * The report as annotations of GitHub Actions: an error for each broken rule and for failed tensors, a warning for each serious finding and
 * each critical insight, and the verdict.
 */
export function writeGithub(report: Report): string {
  return writeAnnotations([
    ...listBroken(report),
    ...listFailed(report),
    ...listCritical(report),
    ...listWarnings(report),
    describeVerdict(report),
  ]);
}

function listCritical({ analysis }: Report): readonly Annotation[] {
  const critical = analysis.insights.filter(({ severity }) => severity === 'critical');
  return critical.map(({ title, description }) => ({ level: 'warning', title, lines: [description] }));
}

function listBroken({ rules }: Report): readonly Annotation[] {
  return rules.filter(isBroken).map((result) => ({
    level: 'error' as const,
    title: `${result.status === 'failed' ? 'Rule broken' : 'Rule without a tensor'}: ${result.rule}`,
    lines: [result.message, ...pickCases(result).map(({ name, note }) => `${name} ${note}`)],
  }));
}

function listFailed({ columns, summary }: Report): readonly Annotation[] {
  if (summary.failedTensors === 0) return [];
  const named = [...columns.errors].slice(0, MOST_NAMES).map(([row, message]) => `${columns.names[row] ?? ''}: ${message}`);
  const rest = formatRest(summary.failedTensors - named.length, 'tensor');
  const title = `${formatNoun(summary.failedTensors, 'tensor')} could not be compared`;
  return [{ level: 'error', title, lines: rest === '' ? named : [...named, rest] }];
}

function listWarnings(report: Report): readonly Annotation[] {
  return listSerious(report).map(({ side, finding }) => {
    const place = describePlace(finding);
    return {
      level: 'warning',
      title: `${finding.code} in ${side === 'both' ? 'both checkpoints' : `the ${side} checkpoint`}`,
      lines: [`${finding.message}${place === '' ? '' : ` (${place})`}`],
    };
  });
}

function describeVerdict({ analysis, oldName, newName }: Report): Annotation {
  return { level: 'notice', title: `${oldName} → ${newName}`, lines: [analysis.summary.verdict] };
}
