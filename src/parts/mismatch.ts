import { ModelDiffError } from '../errors.ts';
import { spell } from '../options.ts';
import { formatNoun } from '../wording/numbers.ts';
import { planPath } from './folder.ts';
import type { PartsPlan, PlannedFile, PlannedOptions, PlannedSide } from './types.ts';

/** Differences that a message names. */
const SHOWN = 5;

/**
 * @param planned what the folder holds
 * @param found what the checkpoints and options at hand give
 * @throws `ModelDiffError` `E_PLAN_MISMATCH` that names what differs
 */
export function requireSamePlan(directory: string, planned: PartsPlan, found: PartsPlan): void {
  if (planned.hash === found.hash) return;
  const differences = listDifferences(planned, found);
  const more = differences.length > SHOWN ? `; and ${differences.length - SHOWN} more` : '';
  const path = planPath(directory);
  throw new ModelDiffError(`this is not what ${path} plans: ${differences.slice(0, SHOWN).join('; ')}${more}`, {
    kind: 'Mismatch',
    code: 'E_PLAN_MISMATCH',
    path,
    hint: spellHint(planned, found),
  });
}

function spellHint(planned: PartsPlan, found: PartsPlan): string {
  const hint = 'plan again in another folder';
  const isCopy = (['old', 'new'] as const).some((side) => {
    const [one, other] = [planned[side].files, found[side].files];
    return one.some(({ name, modified }) => modified !== (other.find((file) => file.name === name) ?? { modified }).modified);
  });
  return isCopy ? `${hint}; a copy of a checkpoint fits a plan only with its times, as cp -p and rsync -t keep them` : hint;
}

function listDifferences(planned: PartsPlan, found: PartsPlan): string[] {
  const differences = [
    ...(planned.version === found.version ? [] : [`model-diff ${planned.version} planned, this is ${found.version}`]),
    ...(planned.parts.length === found.parts.length
      ? []
      : [`planned ${formatNoun(planned.parts.length, 'part')}, not ${found.parts.length}`]),
    ...compareOptions(planned.options, found.options),
    ...compareSide('old', planned.old, found.old),
    ...compareSide('new', planned.new, found.new),
  ];
  return differences.length > 0 ? differences : ['other tensors are compared, or cut elsewhere'];
}

function compareOptions(planned: PlannedOptions, found: PlannedOptions, side = ''): string[] {
  const [before, after] = [planned, found] as readonly Readonly<Record<string, unknown>>[];
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  return [...names].flatMap((name) => {
    const [one, other] = [before?.[name], after?.[name]];
    if (name === 'old' || name === 'new') return compareOptions(one ?? {}, other ?? {}, `${name}.`);
    // Where an adapter lies does not matter: what it holds is among the files.
    const isSame =
      name === 'adapter' ? (one === undefined) === (other === undefined) : JSON.stringify(one) === JSON.stringify(other);
    return isSame ? [] : [`planned with ${spellOption(one)} for the option ${side}${name}, not ${spellOption(other)}`];
  });
}

function spellOption(value: unknown): string {
  return value === undefined ? 'its default' : spell(value);
}

function compareSide(side: 'old' | 'new', planned: PlannedSide, found: PlannedSide): string[] {
  const before = new Map(planned.files.map((file) => [file.name, file]));
  const after = new Map(found.files.map((file) => [file.name, file]));
  const where = `of the ${side} checkpoint`;
  const files = [
    ...planned.files.filter(({ name }) => !after.has(name)).map(({ name }) => `${name} ${where} is gone`),
    ...found.files.filter(({ name }) => !before.has(name)).map(({ name }) => `${name} ${where} is not in the plan`),
    ...found.files.flatMap((file) => {
      const known = before.get(file.name);
      const difference = known === undefined ? null : compareFile(known, file);
      return difference === null ? [] : [`${file.name} ${where} ${difference}`];
    }),
  ];
  if (files.length > 0) return files;
  return [
    ...(planned.configuration === found.configuration ? [] : [`the configuration ${where} is another`]),
    ...(planned.tensors === found.tensors
      ? []
      : [`the tensors ${where} are described differently, by its headers or by the configuration of an adapter`]),
  ];
}

function compareFile(planned: PlannedFile, found: PlannedFile): string | null {
  if (planned.version !== found.version)
    return `is version ${spellVersion(found.version)}, and was planned as ${spellVersion(planned.version)}`;
  if (planned.bytes !== found.bytes) return `has ${found.bytes} bytes, and had ${planned.bytes}`;
  if (planned.modified === found.modified) return null;
  return `was modified at ${spellTime(found.modified)}, and was planned as of ${spellTime(planned.modified)}`;
}

function spellVersion(version: string | null): string {
  return version ?? 'of this machine';
}

/** Beyond the times that a Date can hold, the number. */
function spellTime(time: number | null): string {
  if (time === null) return 'an unknown time';
  return Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : String(time);
}
