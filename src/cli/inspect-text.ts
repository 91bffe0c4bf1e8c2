import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { Finding, TensorInfo } from '../checkpoint/types.ts';
import { formatBytes, formatCompact, formatNoun } from '../wording/numbers.ts';
import { measureCells } from '../wording/width.ts';
import { compareSeverity } from '../report/severity.ts';
import { finish } from '../report/text/comparison.ts';
import type { OriginWords } from '../report/provenance.ts';
import { fitName, type Layout } from '../report/text/layout.ts';
import { INSPECTION_ORDER } from '../report/text/order.ts';
import { writeOrigin } from '../report/text/provenance.ts';
import { arrange, counted, type Section } from '../report/text/sections.ts';
import { describeFinding } from './describe-finding.ts';
import { listEntries } from './inspect-entries.ts';
import { writeTensors } from './inspect-tensors.ts';

/** What is told beside the contents. */
export interface InspectionView {
  readonly hasStatistics: boolean;
  readonly origin: OriginWords | null;
}

/** A checkpoint in words: totals, configuration, metadata, files, findings, tensors. */
export function writeInspection(checkpoint: Checkpoint, name: string, layout: Layout, view: InspectionView): string {
  const infos: readonly TensorInfo[] = [...checkpoint.tensorInfo.values()];
  const facts = [
    checkpoint.format,
    formatNoun(checkpoint.tensorInfo.size, 'tensor'),
    `${formatCompact(checkpoint.numParameters)} ${checkpoint.numParameters === 1 ? 'parameter' : 'parameters'}`,
    formatBytes(checkpoint.sizeBytes),
  ].join(', ');
  const title = layout.paint('strong', fitName(name, layout.width - measureCells(facts) - 3, layout));
  const sections = [
    ...listEntries(checkpoint, infos, layout),
    writeFindings(checkpoint.findings, layout),
    writeTensors(infos, layout, view.hasStatistics),
  ];
  const lines = arrange([`${title}   ${facts}`], sections, INSPECTION_ORDER, layout);
  return finish([...lines, ...writeOrigin(view.origin, layout)], layout);
}

/** Every finding on its line, or that there is none; the gravest first. */
function writeFindings(findings: readonly Finding[], layout: Layout): Section {
  const sorted = [...findings].sort(compareSeverity);
  return {
    id: 'findings',
    isApart: true,
    items: findings.length === 0 ? [['no findings']] : sorted.map((finding) => [describeFinding(finding, layout.paint)]),
    name: findings.length === 0 ? () => 'findings' : counted('finding'),
  };
}

/** The findings alone. */
export function listFindings(findings: readonly Finding[], layout: Layout): string[] {
  return writeFindings(findings, layout).items.flat();
}
