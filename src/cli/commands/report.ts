import { readFile } from 'node:fs/promises';
import { analyze } from '../../analysis/analyze.ts';
import { Comparison } from '../../comparison/comparison.ts';
import { parseReport } from '../../report/json/parse.ts';
import { prepareReport } from '../../report/report.ts';
import type { ReportFlags } from '../flags.ts';
import { HOW_TO_MAKE } from '../option-flags.ts';
import { describeSystemError, planOutputs } from '../output.ts';
import { deliver } from '../render.ts';
import { applyFlags, type Session } from '../session.ts';

/** `model-diff report`: writes reports of a saved result. */
export async function runReport(session: Session, path: string, flags: ReportFlags): Promise<void> {
  applyFlags(session, flags);
  const outputs = planOutputs(flags, []);
  const read = parseReport(path === '-' ? await readStdin() : await readSaved(path, session.signal));
  const saved = flags.provenance ? read : Comparison.from({ ...read, provenance: null });
  await deliver(session, prepareReport(saved, analyze(saved)), flags, outputs);
}

async function readSaved(path: string, signal: AbortSignal): Promise<string> {
  try {
    return await readFile(path, { encoding: 'utf8', signal });
  } catch (cause) {
    signal.throwIfAborted();
    throw describeSystemError(cause, path, 'cannot read', HOW_TO_MAKE);
  }
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
