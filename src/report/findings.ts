import type { Finding } from '../checkpoint/types.ts';
import type { Report } from './report.ts';
import { compareSeverity } from './severity.ts';

/** A finding, and the checkpoints that it is about. */
export interface SidedFinding {
  readonly side: 'old' | 'new' | 'both';
  readonly finding: Finding;
}

/** What was taken where there was a choice of mappings, variants, folders or files, and what was undone to compare it. */
export function listChosen(report: Report): readonly SidedFinding[] {
  return listFindings(report).filter(({ finding }) => isChoice(finding));
}

/** Findings that the list of what was not compared tells better. */
const TOLD_ELSEWHERE: ReadonlySet<string> = new Set(['WeightsNotRead']);

/** Findings that matter, the most severe first; what is only informative stands in the JSON. */
export function listSerious(report: Report): readonly SidedFinding[] {
  return listFindings(report)
    .filter(({ finding }) => finding.severity !== 'info' && !isChoice(finding) && !TOLD_ELSEWHERE.has(finding.code))
    .sort((a, b) => compareSeverity(a.finding, b.finding));
}

/** `model.safetensors, offset 12`; '' where a finding is of no file. */
export function describePlace({ path, offset }: Finding): string {
  return path === null ? '' : offset === null ? path : `${path}, offset ${offset}`;
}

/** Further findings that say how a file was read. */
const CHOICES: ReadonlySet<string> = new Set(['AdapterMerged', 'ModelKey', 'GgufTransformsUndone']);

function isChoice({ code }: Finding): boolean {
  return code.endsWith('Chosen') || CHOICES.has(code);
}

/** Of both sides; what is said of both is said once. */
function listFindings({ old, new: fresh }: Report): readonly SidedFinding[] {
  const spell = ({ code, message, path, offset }: Finding): string => JSON.stringify([code, message, path, offset]);
  const [before, after] = [old.findings, fresh.findings].map((findings) => new Set(findings.map(spell)));
  return [
    ...old.findings.map((finding) => ({
      side: after?.has(spell(finding)) === true ? ('both' as const) : ('old' as const),
      finding,
    })),
    ...fresh.findings
      .filter((finding) => before?.has(spell(finding)) !== true)
      .map((finding) => ({ side: 'new' as const, finding })),
  ];
}
