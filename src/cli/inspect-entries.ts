import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { TensorInfo } from '../checkpoint/types.ts';
import { countLeftOut, splitByRole } from '../report/left-out.ts';
import { label, LABEL_CELLS } from '../report/text/label.ts';
import { fitName, type Layout } from '../report/text/layout.ts';
import { counted, type Section } from '../report/text/sections.ts';
import { escapeTerminal } from '../wording/escape.ts';
import { formatBytes, formatCount, formatNoun } from '../wording/numbers.ts';
import { listNames } from '../wording/sentences.ts';
import { wrapWords } from '../wording/width.ts';
import { quote } from '../wording/quote.ts';

/** More than these of one kind are counted. */
const MOST_LISTED = 20;

/** What there is to say of a checkpoint beside its tensors, each kind below its label. */
export function listEntries(checkpoint: Checkpoint, infos: readonly TensorInfo[], layout: Layout): Section[] {
  const { files } = checkpoint;
  const sections: readonly Section[] = [
    { id: 'dtypes', items: infos.length === 0 ? [] : [describeDtypes(infos, layout)], name: () => 'dtypes' },
    { id: 'config', items: describeConfigs(checkpoint, layout), name: counted('configuration file') },
    describeMetadata(checkpoint.metadata, layout),
    {
      id: 'files',
      items: files
        .slice(0, MOST_LISTED)
        .map(({ path, bytes }) => [`${fitName(path, layout.width - LABEL_CELLS - 12, layout)}  ${formatBytes(bytes)}`]),
      total: files.length,
      name: counted('file'),
    },
    listCandidates(checkpoint, layout),
    listLeftOut(checkpoint, layout),
  ];
  return sections.map((section, index) => ({
    ...section,
    isApart: index === 0,
    items: section.items.map((lines, item) =>
      lines.map((line, at) => label(item === 0 && at === 0 ? (LABELS[section.id] ?? section.id) : '', line, layout)),
    ),
  }));
}

/** Labels that are not the names of the sections. */
const LABELS: Readonly<Record<string, string>> = { 'left-out': 'not read' };

function describeDtypes(infos: readonly TensorInfo[], layout: Layout): string[] {
  const counts = new Map<string, number>();
  for (const { dtype } of infos) counts.set(dtype, (counts.get(dtype) ?? 0) + 1);
  const words = [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([dtype, count]) => `${fitName(dtype, 24, layout)} ${formatCount(count)}`);
  return wrapWords(words.join('   '), layout.width - LABEL_CELLS);
}

/** Each configuration file with its first plain keys; `config.json` needs no name. */
function describeConfigs({ config, configs }: Checkpoint, layout: Layout): string[][] {
  return [['', config] as const, ...Object.entries(configs)].flatMap(([file, content]) => {
    const lines = describeConfig(file, content, layout);
    return lines.length === 0 ? [] : [lines];
  });
}

function describeConfig(file: string, content: unknown, layout: Layout): string[] {
  if (typeof content !== 'object' || content === null) return [];
  const entries = Object.entries(content);
  const plain = entries.filter(([, value]) => typeof value !== 'object').slice(0, 8);
  const words = plain.map(([key, value]) => `${fitName(key, 30, layout)} ${fitName(String(value), 30, layout)}`).join(', ');
  const name = file === '' ? '' : `${fitName(file, 40, layout)}, `;
  const text = `${name}${formatNoun(entries.length, 'key')}${words === '' ? '' : `: ${words}`}${entries.length > plain.length ? ', …' : ''}`;
  return wrapWords(text, layout.width - LABEL_CELLS);
}

function describeMetadata(metadata: Checkpoint['metadata'], layout: Layout): Section {
  const entries = metadata instanceof Map ? [...metadata] : Object.entries(metadata);
  const items = entries
    .slice(0, MOST_LISTED)
    .map(([key, value]) => [`${fitName(key, 24, layout)}: ${fitName(String(value), layout.width - LABEL_CELLS - 26, layout)}`]);
  return { id: 'metadata', items, total: entries.length, name: counted('entry of the metadata', 'entries of the metadata') };
}

/** Where a part of a file was read, its mappings, with the flag that reads another one. */
function listCandidates({ candidates }: Checkpoint, layout: Layout): Section {
  const isWhole = candidates.some(({ key, chosen }) => chosen && key === '');
  const listed = isWhole ? [] : candidates;
  const items = listed.slice(0, MOST_LISTED).map(({ key, tensors, bytes, chosen }) => {
    const name = key === '' ? 'everything' : fitName(key, 60, layout);
    const how = chosen ? 'read' : `--key ${fitName(quote(key), 60, layout)}`;
    return [`${name}  ${formatNoun(tensors, 'tensor')}  ${formatBytes(bytes)}  ${layout.paint('dim', how)}`];
  });
  return { id: 'mappings', items, total: listed.length, name: counted('mapping') };
}

/** What holds tensors and was not read. */
function listLeftOut({ leftOut }: Checkpoint, layout: Layout): Section {
  const { weights, states } = splitByRole(leftOut);
  const names = states.map(({ name }) => fitName(name, 60, layout));
  const items = [
    ...(leftOut.length === 0 ? [] : [[layout.paint(weights.length > 0 ? 'warn' : 'dim', escapeTerminal(countLeftOut(leftOut)))]]),
    ...weights
      .slice(0, MOST_LISTED)
      .map((one) => [`${fitName(one.name, layout.width - LABEL_CELLS - 12, layout)}  ${formatBytes(one.bytes)}`]),
    ...(names.length === 0 ? [] : [wrapWords(`state of training: ${listNames(names, 6)}`, layout.width - LABEL_CELLS)]),
  ];
  const total = items.length + Math.max(0, weights.length - MOST_LISTED);
  return { id: 'left-out', items, total, name: counted('thing that was not read', 'things that were not read') };
}
