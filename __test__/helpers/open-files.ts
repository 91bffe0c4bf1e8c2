import { readdirSync, readlinkSync } from 'node:fs';

/** What the descriptors of this process are open on; Linux only. */
export function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      return [readlinkSync(`/proc/self/fd/${descriptor}`)];
    } catch {
      // The descriptor of the listing itself is closed by now.
      return [];
    }
  });
}
