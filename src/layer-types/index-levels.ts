import type { SplitName } from './split-name.ts';
import { isIndex, readIndexedBlock, readWords } from './vocabulary.ts';

/** One index in a form of names. */
export interface Level {
  /** Position among the segments. */
  readonly at: number;
  /** Which slot of the form holds the index; -1 where the form spells it out. */
  readonly slot: number;
  /** The index where the form spells it out. */
  readonly literal: number;
  /** Path before the index as the form spells it, as `model.layers`. */
  readonly path: string;
  /** The same with earlier indices replaced by `#`. */
  readonly family: string;
  /** The segment without its index: `#`, `layer_#`. */
  readonly masked: string;
  /** What follows the index, with inner indices replaced by `#`; segments joined by `.`. */
  readonly rest: string;
  /** Index of an expert or behind one: never a block. */
  readonly isExpert: boolean;
}

/** Modules whose children are steps of one computation, not blocks. */
const SEQUENTIAL =
  /^(mlp|ffn?|net|to_out|fc|classifier|head|downsample|shortcut|proj(ection)?|mm_projector|modulation|in_layers|out_layers|emb_layers|time_embed|label_emb|stem)$|_modulation$|_mlp$/;
/** More indices than this in one name are not looked at. */
const MOST_LEVELS = 4;

/** Indices that may count blocks, outermost first, and those of experts. */
export function readLevels(name: SplitName): readonly Level[] {
  const levels: Level[] = [];
  const { raw, segments } = name;
  let slots = 0;
  let isExpert = false;
  for (let at = 0; at < segments.length && levels.length < MOST_LEVELS; at += 1) {
    const segment = segments[at] ?? '';
    const before = segments[at - 1] ?? '';
    const isSlot = isIndex(segment) && Number.isNaN(Number(segment));
    const slot = isSlot ? slots++ : -1;
    const block = isIndex(segment) ? { stem: '', index: Number(segment) } : readIndexedBlock(segment);
    if (block === null) continue;
    if (readWords(before).has('adapter')) break;
    if (!isExpert && SEQUENTIAL.test(before)) continue;
    isExpert ||= readWords(before).has('experts');
    const stem = (raw[at] ?? '').slice(0, block.stem.length);
    const outside = raw.slice(0, at).map(maskIndex);
    const path = [...raw.slice(0, at), ...(stem === '' ? [] : [stem])].join(name.separator);
    for (const level of levels) outside[level.at] = level.masked;
    const masked = stem === '' ? '#' : (raw[at] ?? '').replace(/\d{1,6}$/, '#');
    const rest = raw
      .slice(at + 1)
      .map(maskIndex)
      .join('.');
    levels.push({ at, slot, literal: block.index, path, family: [...outside, stem].join('.'), masked, rest, isExpert });
  }
  return levels;
}

function maskIndex(segment: string): string {
  return isIndex(segment) ? '#' : segment;
}
