import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { escapeTerminal } from '../wording/escape.ts';
import { formatBytes, formatCount, formatNoun, formatRest } from '../wording/numbers.ts';
import { spellAscii } from '../report/text/ascii.ts';
import { fitName, type Layout } from '../report/text/layout.ts';
import { wrapWords } from '../wording/width.ts';
import type { Finding, TensorInfo } from '../checkpoint/types.ts';
import { countLeftOut, splitByRole } from '../report/left-out.ts';
import { listNames } from '../wording/sentences.ts';
import { describeFinding } from './describe-finding.ts';
import { writeTensors } from './inspect-tensors.ts';
import type { InspectView } from './inspect-view.ts';
import { quote } from './session.ts';

/** A checkpoint in words: totals, configuration, metadata, files, findings, tensors. */
export function writeInspection(checkpoint: Checkpoint, name: string, layout: Layout, view: InspectView): string {
  const infos = [...checkpoint.tensorInfo.values()];
  const lines = [
    `${layout.paint('strong', fitName(name, layout.width - 60, layout))}  ${checkpoint.format}  ${formatNoun(checkpoint.tensorInfo.size, 'tensor')}  ${formatNoun(checkpoint.numParameters, 'parameter')}  ${formatBytes(checkpoint.sizeBytes)}`,
    '',
    ...(infos.length === 0 ? [] : [describeEntry('dtypes', describeDtypes(infos), layout)]),
    ...describeConfigs(checkpoint, layout),
    ...describeMetadata(checkpoint.metadata, layout),
    ...checkpoint.files
      .slice(0, 20)
      .map((file, index) =>
        describeEntry(
          index === 0 ? 'files' : '',
          `${fitName(file.path, layout.width - 30, layout)}  ${formatBytes(file.bytes)}`,
          layout,
        ),
      ),
    ...(checkpoint.files.length > 20 ? [describeEntry('', formatRest(checkpoint.files.length - 20, 'file'), layout)] : []),
    ...listCandidates(checkpoint, layout),
    ...listLeftOut(checkpoint, layout),
    '',
    ...writeFindings(checkpoint.findings, layout),
    '',
    ...writeTensors(infos, layout, view),
  ];
  const text = `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
  return view.ascii ? spellAscii(text) : text;
}

/** Every finding on its line, or that there is none. */
export function writeFindings(findings: readonly Finding[], layout: Layout): string[] {
  return findings.length === 0 ? ['no findings'] : findings.map((finding) => describeFinding(finding, layout.paint));
}

/** Where a part of a file was read, its mappings, with the flag that reads another one. */
function listCandidates({ candidates }: Checkpoint, layout: Layout): string[] {
  if (candidates.some(({ key, chosen }) => chosen && key === '')) return [];
  const lines = candidates.slice(0, MOST_LISTED).map(({ key, tensors, bytes, chosen }) => {
    const name = key === '' ? 'everything' : fitName(key, 60, layout);
    const how = chosen ? 'read' : `--key ${fitName(quote(key), 60, layout)}`;
    return `${name}  ${formatNoun(tensors, 'tensor')}  ${formatBytes(bytes)}  ${layout.paint('dim', how)}`;
  });
  const rest = formatRest(candidates.length - MOST_LISTED, 'mapping');
  return [...lines, ...(rest === '' ? [] : [rest])].map((line, index) =>
    describeEntry(index === 0 ? 'mappings' : '', line, layout),
  );
}

const MOST_LISTED = 20;

/** What holds tensors and was not read. */
function listLeftOut({ leftOut }: Checkpoint, layout: Layout): string[] {
  if (leftOut.length === 0) return [];
  const { weights, states } = splitByRole(leftOut);
  const shown = weights
    .slice(0, MOST_LISTED)
    .map((one) => `${fitName(one.name, layout.width - 50, layout)}  ${formatBytes(one.bytes)}`);
  const rest = formatRest(weights.length - shown.length, 'set of weights', 'sets of weights');
  const names = states.map(({ name }) => fitName(name, 60, layout));
  const lines = [
    layout.paint(weights.length > 0 ? 'warn' : 'dim', countLeftOut(leftOut)),
    ...shown,
    ...(rest === '' ? [] : [rest]),
    ...(names.length === 0 ? [] : wrapWords(`state of training: ${listNames(names, 6)}`, layout.width - 12)),
  ];
  return lines.map((line, index) => describeEntry(index === 0 ? 'not read' : '', line, layout));
}

function describeDtypes(infos: readonly TensorInfo[]): string {
  const counts = new Map<string, number>();
  for (const { dtype } of infos) counts.set(dtype, (counts.get(dtype) ?? 0) + 1);
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([dtype, count]) => `${escapeTerminal(dtype)} ${formatCount(count)}`)
    .join('   ');
}

/** Each configuration file with its first plain keys; `config.json` needs no name. */
function describeConfigs({ config, configs }: Checkpoint, layout: Layout): string[] {
  const files = [['', config] as const, ...Object.entries(configs)];
  const lines = files.flatMap(([file, content]) => describeConfig(file, content, layout));
  return lines.map((line, index) => describeEntry(index === 0 ? 'config' : '', line, layout));
}

function describeConfig(file: string, content: unknown, layout: Layout): string[] {
  if (typeof content !== 'object' || content === null) return [];
  const entries = Object.entries(content);
  const plain = entries.filter(([, value]) => typeof value !== 'object').slice(0, 8);
  const words = plain.map(([key, value]) => `${fitName(key, 30, layout)} ${fitName(String(value), 30, layout)}`).join(', ');
  const name = file === '' ? '' : `${fitName(file, 40, layout)}, `;
  const text = `${name}${formatNoun(entries.length, 'key')}${words === '' ? '' : `: ${words}`}${entries.length > plain.length ? ', …' : ''}`;
  return wrapWords(text, layout.width - 12);
}

function describeMetadata(metadata: Checkpoint['metadata'], layout: Layout): string[] {
  const entries = metadata instanceof Map ? [...metadata] : Object.entries(metadata);
  const lines = entries
    .slice(0, 20)
    .map(([key, value], index) =>
      describeEntry(
        index === 0 ? 'metadata' : '',
        `${fitName(key, 40, layout)}: ${fitName(String(value), layout.width - 60, layout)}`,
        layout,
      ),
    );
  return entries.length > 20 ? [...lines, describeEntry('', formatRest(entries.length - 20, 'entry', 'entries'), layout)] : lines;
}

function describeEntry(label: string, text: string, layout: Layout): string {
  return `  ${layout.paint('dim', label.padEnd(10))}${text}`;
}
