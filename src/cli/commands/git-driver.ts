import { readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { analyze } from '../../analysis/analyze.ts';
import { loadCheckpoint } from '../../checkpoint/load.ts';
import { compare } from '../../compare/compare.ts';
import { choosePaint } from '../../report/text/paint.ts';
import { prepareReport } from '../../report/report.ts';
import { TEXT } from '../../report/writers/text.ts';
import { joinPieces } from '../../report/writers/writer.ts';
import { escapeTerminal } from '../../wording/escape.ts';
import { formatBytes, formatNoun } from '../../wording/numbers.ts';
import { describeFinding } from '../describe-finding.ts';
import { EXIT } from '../exit.ts';
import { describeFailure } from '../failure.ts';
import { type GitChange, readGitChange, writeGitHeader } from '../git/change.ts';
import { print } from '../render.ts';
import { paints, type Session } from '../session.ts';

/** Rows of each list: a diff of several files is one page after the other. */
const ROWS = 20;

const USAGE = `git calls this program, for a file with diff=model-diff in .gitattributes:
  git config diff.model-diff.command 'model-diff git-driver'
It takes the seven arguments of an external diff: path, old file, old hash, old mode, new file, new hash, new mode.
`;

/** `model-diff git-driver`: one file of a `git diff`. Never fails: git would give up the whole diff. */
export async function runGitDriver(session: Session, args: readonly string[]): Promise<void> {
  session.exitCode = EXIT.done;
  const [path = ''] = args;
  const change = readGitChange(args);
  if (change !== null) return print(session, `${await describeChange(session, change)}\n`);
  // Of a file with a conflict git tells the name alone.
  await print(session, args.length === 1 ? `* unmerged ${escapeTerminal(path)}\n` : USAGE);
}

async function describeChange(session: Session, change: GitChange): Promise<string> {
  const header = writeGitHeader(change).map((line) => `${escapeTerminal(line)}\n`);
  return header.join('') + nameFiles(await describeContents(session, change), change);
}

async function describeContents(session: Session, change: GitChange): Promise<string> {
  const { oldFile, newFile, oldName, newName } = change;
  if (change.hasSameContents) return '';
  try {
    const links = describeLinks(change);
    if (links !== null) return links;
    if (oldFile === null) return newFile === null ? '' : await describeFile(session, newFile);
    if (newFile === null) return await describeFile(session, oldFile);
    const comparison = await compare(oldFile, newFile, { signal: session.signal, provenance: false });
    const report = prepareReport(comparison, analyze(comparison), { oldName, newName });
    const terminal = { color: paints(session, 'stdout') };
    return joinPieces(TEXT.comparison(report, { maxLayersDisplay: ROWS, terminal }));
  } catch (error) {
    session.signal.throwIfAborted();
    return describeFailure(error, { verbose: false, color: paints(session, 'stdout') });
  }
}

async function describeFile(session: Session, path: string): Promise<string> {
  const checkpoint = await loadCheckpoint(path, { signal: session.signal });
  try {
    const { format, table, numParameters, sizeBytes, findings } = checkpoint;
    const dtypes = [...new Set(table.names.map((_, row) => table.dtype(row)))].toSorted();
    const parts = [
      format,
      formatNoun(table.names.length, 'tensor'),
      formatNoun(numParameters, 'parameter'),
      formatBytes(sizeBytes),
      ...dtypes,
    ];
    const paint = choosePaint(paints(session, 'stdout'));
    const serious = findings.filter(({ severity }) => severity !== 'info').slice(0, ROWS);
    return [escapeTerminal(parts.join(', ')), ...serious.map((finding) => describeFinding(finding, paint)), ''].join('\n');
  } finally {
    checkpoint.close();
  }
}

const LINK = '120000';
const LONGEST_TARGET = 4096;

/** Of a symbolic link git gives the name that it leads to, as a file; null where neither side is one. */
function describeLinks({ oldFile, newFile, oldMode, newMode }: GitChange): string | null {
  if (oldMode !== LINK && newMode !== LINK) return null;
  const describe = (file: string | null, mode: string | null): string =>
    file === null ? 'nothing' : mode === LINK ? `a link to ${readFileSync(file, 'utf8').slice(0, LONGEST_TARGET)}` : 'a file';
  return `${escapeTerminal(`${describe(oldFile, oldMode)} became ${describe(newFile, newMode)}`)}\n`;
}

/** The names of the repository instead of those of temporary files. A file of the working tree has its name already. */
function nameFiles(text: string, { oldFile, newFile, oldName, newName }: GitChange): string {
  const sides = [[oldFile, oldName] as const, [newFile, newName] as const];
  return sides.reduce(
    (words, [file, name]) =>
      file === null || !isAbsolute(file) ? words : words.replaceAll(escapeTerminal(file), () => escapeTerminal(name)),
    text,
  );
}
