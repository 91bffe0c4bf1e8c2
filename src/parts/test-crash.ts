/**
 * For tests of what a crash leaves behind: with `MODEL_DIFF_TEST_CRASH=shard:2` the process ends when part 2 is written and has no name yet.
 */
export function crashIfTested(part: number): void {
  // eslint-disable-next-line unicorn/no-process-exit
  if (process.env['MODEL_DIFF_TEST_CRASH'] === `shard:${part}`) process.exit(1);
}
