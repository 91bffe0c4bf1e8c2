import { resolve } from 'node:path';
import type { SubmitFlags } from '../flags.ts';

/** The flags of a submission that are those of its report, as arguments of `model-diff combine`. Files are where the submission names them. */
export function combineArguments(flags: SubmitFlags): string[] {
  const option = (name: string, value: string | number | undefined): string[] => (value === undefined ? [] : [name, `${value}`]);
  const flag = (name: string, isGiven: boolean | undefined): string[] => (isGiven === true ? [name] : []);
  const { metricsJson, config } = flags;
  return [
    ...option('--format', flags.format),
    ...flag('--json', flags.json),
    ...(flags.output ?? []).flatMap((path) => ['--output', resolve(path)]),
    ...option('--metrics-json', metricsJson === undefined || metricsJson === '-' ? metricsJson : resolve(metricsJson)),
    ...option('--top', flags.top),
    ...option('--html-detail', flags.htmlDetail),
    ...flag('--no-provenance', !flags.provenance),
    ...flag('--include-unchanged', flags.includeUnchanged),
    ...flag('--histogram', flags.histogram),
    ...flag('--exit-code', flags.exitCode),
    ...(flags.failOn ?? []).flatMap((rule) => ['--fail-on', rule]),
    ...flag('--allow-nonfinite', flags.allowNonfinite),
    ...(config === false ? ['--no-config'] : option('--config', config === undefined ? undefined : resolve(config))),
  ];
}
