import { fileURLToPath } from 'node:url';
import type { DemoFlags } from '../flags.ts';
import { log, type Session } from '../session.ts';
import { runDiff } from './diff.ts';

/** Two checkpoints of a small language model that come with the package: before and after it was tuned with a merged LoRA. */
const [OLD, NEW] = ['base', 'lora-merged'].map((name) => new URL(`../examples/tiny-gpt/${name}`, import.meta.url)) as [URL, URL];

/** `model-diff demo`: a comparison that needs no checkpoints of the reader's. */
export async function runDemo(session: Session, flags: DemoFlags): Promise<void> {
  await runDiff(session, fileURLToPath(OLD), fileURLToPath(NEW), {
    ...flags,
    progress: 'never',
    autoPrefix: true,
    config: false,
  });
  if (flags.quiet !== true) log(session, 'These two small checkpoints come with model-diff. With yours: model-diff old/ new/');
}
