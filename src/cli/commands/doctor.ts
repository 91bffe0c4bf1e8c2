import { ModelDiffError } from '../../errors.ts';
import { escapeJson, escapeTerminal } from '../../wording/escape.ts';
import { formatBytes } from '../../wording/numbers.ts';
import { EXIT } from '../exit.ts';
import { describeFailure } from '../failure.ts';
import type { DoctorFlags } from '../flags.ts';
import { describeMachine, type Machine } from '../../native/machine.ts';
import { print } from '../render.ts';
import { applyFlags, paints, type Session } from '../session.ts';

/** `model-diff doctor`: what the program finds on this machine, and whether it can work. */
export async function runDoctor(session: Session, flags: DoctorFlags): Promise<void> {
  applyFlags(session, flags);
  const machine = describeMachine();
  const { error } = machine.addon;
  session.exitCode = error === null ? EXIT.done : EXIT.trouble;
  await print(session, flags.json === true ? writeJson(machine) : writeText(machine));
  if (error !== null) session.stderr.write(describeFailure(error, { verbose: true, color: paints(session, 'stderr') }));
}

function writeText(machine: Machine): string {
  const { addon, memory, temporary, hubCache } = machine;
  const rows: (readonly [label: string, text: string])[] = [
    ['model-diff', machine.version],
    ['platform', [machine.platform, machine.arch, machine.libc].filter((part) => part !== null).join(' ')],
    ...(machine.isSupported ? [] : [['', 'has no binary of model-diff'] as const]),
    ['Node', machine.node],
    ['npm', machine.npm ?? 'not found'],
    ['add-on', addon.error === null ? 'loads' : 'does not load'],
    ...addon.places.map(({ name, path }) => ['', `${name}  ${path ?? 'not found'}`] as const),
    ...(addon.bundle === null ? [] : [['bundled', `into ${addon.bundle}`] as const]),
    ['arithmetic', machine.instructionSet ?? 'unknown'],
    ['cores', String(machine.cores)],
    ['memory', `${formatBytes(memory.totalBytes)}, ${formatBytes(memory.freeBytes)} free`],
    [
      'temporary',
      `${temporary.path}, ${temporary.freeBytes === null ? 'cannot be read' : `${formatBytes(temporary.freeBytes)} free`}`,
    ],
    ['hub cache', hubCache === null ? 'unknown' : `${hubCache.path}${hubCache.exists ? '' : ', not there yet'}`],
    ...Object.entries(machine.environment).map(([name, value], index) => [index === 0 ? 'set' : '', `${name}=${value}`] as const),
  ];
  return rows.map(([label, text]) => `${label.padEnd(12)}${escapeTerminal(text)}\n`).join('');
}

function writeJson(machine: Machine): string {
  const { addon, memory, temporary, hubCache } = machine;
  const { error } = addon;
  const document = {
    ok: error === null,
    version: machine.version,
    platform: machine.platform,
    arch: machine.arch,
    libc: machine.libc,
    supported: machine.isSupported,
    node: machine.node,
    npm: machine.npm,
    addon: {
      loads: error === null,
      places: addon.places,
      bundle: addon.bundle,
      error: error instanceof Error ? error.message : null,
      hint: error instanceof ModelDiffError ? (error.hint ?? null) : null,
    },
    instruction_set: machine.instructionSet,
    cores: machine.cores,
    memory: { total_bytes: memory.totalBytes, free_bytes: memory.freeBytes },
    temporary: { path: temporary.path, free_bytes: temporary.freeBytes },
    hub_cache: hubCache,
    environment: machine.environment,
  };
  return `${escapeJson(JSON.stringify(document, null, 2))}\n`;
}
