import { ModelDiffError } from '../errors.ts';
import type { Agents } from './agents.ts';
import { isIdentity, type Pin, readContentRange, readLength, readPin } from './answer-head.ts';
import type { Head, Take } from './exchange.ts';
import { PassingError, remoteError } from './failures.ts';
import { type Arrived, request, type Start } from './redirects.ts';
import { asChange, changed, mayHaveExpired, refusal } from './refusals.ts';
import { retry } from './retry.ts';
import { KEPT_WHOLE, PROGRESS, SLOWEST } from './settings.ts';
import { TOOL } from '../tool.ts';

/** A range of a file that is wanted, and what takes it. */
export interface Range {
  readonly offset: number;
  readonly length: number;
  /** Whether the answer tells the size: the file may be shorter. */
  readonly isFirst: boolean;
  /** Takes the bytes in their order; false where no more are taken. */
  readonly write: Take;
}

/** What a fetched range tells of its file. */
export interface Facts {
  readonly size: number;
  /** The tag or date by which a change is seen; null where the server gives none. */
  readonly version: string | null;
  /** Whether what was written is the whole file, since its server gives no parts. */
  readonly isWhole: boolean;
}

/** A file that is read in ranges of one version: that of the first answer. */
export class RemoteFile {
  readonly #agents: Agents;
  readonly #start: Start;
  readonly #model: string | undefined;
  #pin: Pin | undefined;
  /** Where redirects led, which is asked first from then on: signed addresses live for minutes. */
  #arrived: URL;

  /** @param model `ORG/NAME` of a file of the hub, for hints */
  constructor(agents: Agents, start: Start, model?: string) {
    this.#agents = agents;
    this.#start = start;
    this.#model = model;
    this.#arrived = start.url;
  }

  /**
   * Fetches a range, going on where a connection broke off.
   *
   * @throws `ModelDiffError` `E_NETWORK`, `E_NOT_FOUND`, `E_PERMISSION_DENIED`, `E_FILE_CHANGED`; the reason of `signal`.
   */
  async fetch(range: Range, signal: AbortSignal): Promise<Facts> {
    const { url } = this.#start;
    let done = 0;
    try {
      for (;;) {
        const facts = await retry(url, signal, async (progress) => {
          const before = done;
          const body = new Body(range, done, url);
          try {
            return await this.#attempt(range, body, signal);
          } finally {
            done = body.done;
            progress.made = done - before >= PROGRESS;
          }
        });
        if (facts !== null) return facts;
      }
    } catch (error) {
      throw error instanceof ModelDiffError && !range.isFirst ? asChange(error, url) : error;
    }
  }

  /** null where the server gave less than was asked for, and there is more to ask. */
  async #attempt(range: Range, body: Body, signal: AbortSignal): Promise<Facts | null> {
    const from = range.offset + body.done;
    const to = range.offset + range.length - 1;
    const headers = {
      'user-agent': `${TOOL.name}/${TOOL.version}`,
      accept: '*/*',
      'accept-encoding': 'identity',
      range: `bytes=${from}-${to}`,
    };
    const deadline = 2 * this.#agents.timeout + (range.length / SLOWEST) * 1000;
    const ask = (first: URL): Promise<Arrived> =>
      request(this.#agents, this.#start, first, {
        headers,
        signal,
        deadline,
        receive: ({ head }) => body.receive(head, (found) => this.#hold(found)),
      });
    let arrived = await ask(this.#arrived);
    if (mayHaveExpired(arrived.head) && this.#arrived !== this.#start.url) arrived = await ask(this.#start.url);
    const { head, url } = arrived;
    if (head.status === 416) return this.#beyond(head, range);
    if (head.status !== 206 && head.status !== 200)
      throw refusal(head, { url: this.#start.url, model: this.#model, hasToken: this.#start.authorization !== undefined });
    this.#arrived = url;
    return body.end(this.#pin);
  }

  /** Holds what an answer says of the file against the first one. */
  #hold(found: Pin): void {
    const known = (this.#pin ??= found);
    if (known.size !== found.size) throw changed(this.#start.url, `it had ${known.size} bytes and has ${found.size}`);
    if (known.tag !== found.tag || known.date !== found.date)
      throw changed(
        this.#start.url,
        `it was ${known.tag ?? known.date ?? 'without a tag'} and is ${found.tag ?? found.date ?? 'without one'}`,
      );
  }

  /** A range that begins behind the end of the file. */
  #beyond({ headers }: Head, { isFirst }: Range): Facts {
    if (isFirst && headers['content-range'] === 'bytes */0') return { size: 0, version: null, isWhole: false };
    if (this.#pin !== undefined) throw changed(this.#start.url, 'it is shorter');
    throw remoteError('E_NETWORK', 'the server does not give the beginning of the file (416)', this.#start.url);
  }
}

/** The body of an answer to a range. */
class Body {
  readonly #range: Range;
  readonly #url: URL;
  readonly #before: number;
  /** Bytes of the range that were written. */
  done: number;
  /** Bytes that the answer at work still owes; null before there is one. */
  #owed: number | null = null;
  /** A whole file in place of a range, which is written when it is complete. */
  #whole: Uint8Array[] | undefined;
  #wholeBytes = 0;

  constructor(range: Range, done: number, url: URL) {
    this.#range = range;
    this.done = this.#before = done;
    this.#url = url;
  }

  /** Chooses what takes the body; throws for an answer that is none to the request. */
  receive({ status, headers }: Head, hold: (pin: Pin) => void): Take | null {
    this.#owed = null;
    if (status !== 206 && status !== 200) return null;
    if (!isIdentity(headers))
      throw this.#failure(
        `the server compresses the file (${String(headers['content-encoding'])}), which cannot be read in parts`,
      );
    if (status === 200) return this.#takeWhole(readLength(headers), (size) => hold(readPin(headers, size)));
    const found = readContentRange(headers);
    const from = this.#range.offset + this.done;
    if (found === null || found.first !== from || found.last >= this.#range.offset + this.#range.length)
      throw this.#failure(`the server gives another part than was asked for (${String(headers['content-range']).slice(0, 100)})`);
    hold(readPin(headers, found.size));
    this.#owed = found.last - found.first + 1;
    return (chunk) => this.#take(chunk);
  }

  #take(chunk: Uint8Array): boolean {
    this.#owed = (this.#owed ?? 0) - chunk.length;
    if (this.#owed < 0) throw this.#failure('the server sends more bytes than it says');
    this.done += chunk.length;
    return this.#range.write(chunk);
  }

  #takeWhole(length: number | null, hold: (size: number) => void): Take {
    if (!this.#range.isFirst) throw this.#failure('the server gave parts of the file and does so no more');
    if (length !== null && length > KEPT_WHOLE) throw this.#unranged();
    if (length !== null) hold(length);
    this.#whole = [];
    this.#wholeBytes = 0;
    return (chunk) => {
      this.#wholeBytes += chunk.length;
      if (this.#wholeBytes > KEPT_WHOLE) throw this.#unranged();
      this.#whole?.push(Uint8Array.from(chunk));
      return true;
    };
  }

  /** What the answer came to; null where a part is missing that the server did not mean to send. */
  end(pin: Pin | undefined): Facts | null {
    if (this.#whole !== undefined) {
      for (const chunk of this.#whole) this.#range.write(chunk);
      return { size: this.#wholeBytes, version: pin === undefined ? null : (pin.tag ?? pin.date), isWhole: true };
    }
    if (this.#owed !== 0 || pin === undefined) throw new PassingError('the connection broke off');
    const wanted = Math.min(this.#range.length, pin.size - this.#range.offset);
    if (this.done < wanted) {
      // A server that gives a few bytes at a time would be asked for ever.
      if (this.done - this.#before < PROGRESS) throw new PassingError('the server gives less than was asked for');
      return null;
    }
    return { size: pin.size, version: pin.tag ?? pin.date, isWhole: false };
  }

  #failure(message: string): ModelDiffError {
    return remoteError('E_NETWORK', message, this.#url);
  }

  #unranged(): ModelDiffError {
    return remoteError(
      'E_NETWORK',
      `the server gives whole files only, and this one has more than ${KEPT_WHOLE / 2 ** 20} MiB`,
      this.#url,
      'download it and compare the copy, or serve it with a server that knows ranges, as nginx, Caddy and S3 do',
    );
  }
}
