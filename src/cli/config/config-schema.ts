import {
  boolean,
  closed,
  described,
  list,
  number,
  type ObjectSchema,
  oneOf,
  optional,
  type Schema,
  string,
} from '../../report/json/schema.ts';
import type { PublishedSchema } from '../../report/json/published.ts';
import type { Expectations, Rules } from '../../rules/types.ts';
import { PRECISIONS, type SharedOptions } from '../flags.ts';

/** What `model-diff.config.json` may hold: rules, and the options of a comparison that a project shares. */
export interface Config extends Rules, SharedOptions {
  /** For editors. */
  readonly $schema?: string;
}

const patterns = (description: string): Schema => optional(described(description, list(string)));

/** The file, stated once: it is checked by this, and the published JSON Schema is made of it. */
export const CONFIG_SCHEMA: ObjectSchema = closed<Config>({
  $schema: optional(described('The JSON Schema of this file, for editors.', string)),
  failOn: optional(
    described(
      'Rules whose breach ends the program with 1, in the grammar of --fail-on: nan, structure, dtype, changed, unsafe, config, coverage<100%, change>5%, change>0.05@*norm*, min(cosine)<0.98.',
      list(string),
    ),
  ),
  expect: optional(
    described(
      'Which tensors may change, and which must not.',
      closed<Expectations>({
        may: optional(
          described(
            'The only tensors that something may happen to, as glob patterns; what is absent is not looked at, and a pattern may match nothing.',
            closed<NonNullable<Expectations['may']>>({
              add: patterns('Tensors that only the new checkpoint may have.'),
              remove: patterns('Tensors that only the old checkpoint may have.'),
              change: patterns('Tensors that may change in values, shape or dtype.'),
            }),
          ),
        ),
        identical: patterns('Glob patterns of tensors that must be on both sides with equal values, shape and dtype.'),
      }),
    ),
  ),
  allowNonfinite: optional(
    described('Whether tensors with new NaN or Inf are judged by the rest of their elements. Default: false.', boolean),
  ),
  threshold: optional(described('An element counts as changed if it differs by more than this. Default: 1e-6.', number)),
  precision: optional(described('Accuracy of sums. Default: fast.', oneOf(PRECISIONS))),
  include: patterns('Compares only tensors whose names match one of these glob patterns.'),
  exclude: patterns('Skips tensors whose names match one of these glob patterns.'),
  rename: patterns('Rules REGEX=>REPLACEMENT that rewrite names before they are matched.'),
  stripPrefix: patterns('Prefixes that are removed from names before they are matched.'),
});

export const CONFIG_NAME = 'model-diff.config.json';

/** How it is published. */
export const PUBLISHED_CONFIG: PublishedSchema = {
  name: 'config',
  id: 'urn:model-diff:schema:config:1',
  title: 'Configuration of model-diff',
  description: 'What model-diff.config.json may hold; docs/cli.md explains it.',
  schema: CONFIG_SCHEMA,
};
