import { ModelDiffError } from '../errors.ts';
import { binding, type NativeRemote, type RemoteWish } from '../native/binding.ts';
import { unwrap } from '../native/failure.ts';
import type { Agents } from './agents.ts';
import { RemoteFile } from './remote-file.ts';
import type { Place } from './place.ts';
import { REQUESTS } from './settings.ts';

/**
 * Serves the add-on with ranges of files: what it wishes for comes over in messages, and goes back in pieces as they arrive. Lives until the
 * last checkpoint that reads through it is closed.
 */
export class Transport {
  readonly #agents: Agents;
  readonly #places: readonly Place[];
  readonly #files = new Map<string, RemoteFile>();
  readonly #waiting: RemoteWish[] = [];
  #underWay = 0;
  /** Aborted to end all requests; there is a new one after that. */
  #round = new AbortController();
  readonly native: NativeRemote;

  /** @throws `ModelDiffError` for a list of files that no well-behaved server makes. */
  constructor(agents: Agents, places: readonly Place[]) {
    this.#agents = agents;
    this.#places = places;
    const roots = places.map(({ root, files }) => ({ path: root, ...(files !== null && { files: [...files] }) }));
    for (const root of roots) unwrap(binding().checkRoot(root));
    this.native = binding().NativeRemote.create(roots, (wish) => this.#serve(wish));
  }

  #serve(wish: RemoteWish): void {
    if (wish.kind === 'fetch') {
      this.#waiting.push(wish);
      this.#goOn();
      return;
    }
    this.#interrupt();
    if (wish.kind === 'close') void this.#agents.destroy();
  }

  #interrupt(): void {
    for (const { request } of this.#waiting.splice(0)) this.native.fail(request, 'E_CANCELLED', 'cancelled');
    this.#round.abort(new ModelDiffError('cancelled', { kind: 'Cancelled', code: 'E_CANCELLED' }));
    this.#round = new AbortController();
  }

  #goOn(): void {
    while (this.#underWay < REQUESTS) {
      const wish = this.#waiting.shift();
      if (wish === undefined) return;
      this.#underWay += 1;
      void this.#fetch(wish, this.#round.signal).finally(() => {
        this.#underWay -= 1;
        this.#goOn();
      });
    }
  }

  async #fetch({ request, path, offset, length, isFirst }: RemoteWish, signal: AbortSignal): Promise<void> {
    const { native } = this;
    try {
      const write = (chunk: Uint8Array): boolean => native.write(request, chunk);
      const { size, version, isWhole } = await this.#file(path).fetch({ offset, length, isFirst, write }, signal);
      native.finish(request, size, version, isWhole);
    } catch (error) {
      const known = error instanceof ModelDiffError ? error : null;
      const message = known?.message ?? `the request failed: ${error instanceof Error ? error.message : String(error)}`;
      native.fail(request, known?.code ?? 'E_NETWORK', message, known?.hint);
    }
  }

  #file(path: string): RemoteFile {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const place = this.#places.find(({ root }) => path === root || path.startsWith(`${root}/`));
    if (place === undefined) throw new Error(`no root for ${path}`);
    const { start, model } = place.locate(path);
    const file = new RemoteFile(this.#agents, start, model);
    this.#files.set(path, file);
    return file;
  }
}
