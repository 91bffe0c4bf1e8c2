import type { Manifest, ManifestTensor } from '../comparison/manifest.ts';
import type { ErrorCode } from '../errors.ts';
import { escapeTerminal } from '../wording/escape.ts';
import { hashTensors, sortByName } from './hash-tensors.ts';

/** What contradicts itself in a manifest whose form is right. */
export interface Fault {
  readonly code: ErrorCode;
  readonly message: string;
}

/** The first thing in a manifest that cannot be; null where there is none. What it says of the values cannot be looked at without them. */
export function findFault({ tensors, hash, files, leftOut }: Manifest): Fault | null {
  const names = new Set<string>();
  for (const tensor of tensors) {
    if (names.has(tensor.name)) return { code: 'E_DUPLICATE_NAME', message: `two tensors are called ${spellName(tensor.name)}` };
    names.add(tensor.name);
    const message = findTensorFault(tensor);
    if (message !== null) return invalid(`tensor ${spellName(tensor.name)}: ${message}`);
  }
  if (![...files, ...leftOut].every(({ bytes }) => isCount(bytes))) return invalid('expected sizes of files in whole bytes');
  return hash === hashTensors(sortByName(tensors)) ? null : invalid('its hash is not that of its tensors');
}

function findTensorFault(tensor: ManifestTensor): string | null {
  const { dtype, shape, numElements, sizeBytes, hash, error } = tensor;
  if (dtype === '') return 'expected a dtype';
  if (!shape.every(isCount)) return 'expected a shape of whole numbers';
  if (!isCount(numElements) || !isCount(sizeBytes)) return 'expected whole numbers of elements and bytes';
  // A sparse tensor stores fewer elements than its shape has.
  if (error === null && numElements > shape.reduce((product, dim) => product * dim, 1))
    return 'it has more elements than its shape';
  if (hash !== null && !/^[0-9a-f]{64}$/.test(hash)) return 'expected a hash of 64 hexadecimal digits';
  if ((hash === null) !== (error !== null)) return 'expected either a hash or an error';
  return findNumberFault(tensor);
}

/** Numbers are finite, since JSON has no others. */
function findNumberFault({ numElements, norm, std, min, max, zeros, nan, inf }: ManifestTensor): string | null {
  const counts = [zeros, nan, inf].filter((count) => count !== null);
  if (!counts.every((count) => isCount(count) && count <= numElements)) return 'expected counts of its elements';
  if ((norm ?? 0) < 0 || (std ?? 0) < 0) return 'expected a norm and a deviation of 0 or more';
  return min !== null && max !== null && min > max ? 'its smallest element is larger than its largest' : null;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function invalid(message: string): Fault {
  return { code: 'E_INVALID_HEADER', message };
}

function spellName(name: string): string {
  return JSON.stringify(escapeTerminal(name.length > 80 ? `${name.slice(0, 80)}…` : name));
}
