/** Files written in large pieces. */
import { open } from 'node:fs/promises';

/** Bytes of a piece. The page cache keeps what is written at once in one large folio, which makes reading through a map cheap. */
const PIECE = 16 << 20;

/** A file that is written from its start to its end. */
export class PieceWriter {
  #file;
  #buffer = Buffer.allocUnsafeSlow(PIECE);
  #filled = 0;
  #written = 0;

  /** @param {import('node:fs/promises').FileHandle} file */
  constructor(file) {
    this.#file = file;
  }

  /** @param {string} path */
  static async create(path) {
    return new PieceWriter(await open(path, 'w'));
  }

  /** Bytes so far. */
  get size() {
    return this.#written + this.#filled;
  }

  /** @param {Uint8Array} bytes */
  async write(bytes) {
    for (let at = 0; at < bytes.length;) {
      const now = Math.min(bytes.length - at, PIECE - this.#filled);
      this.#buffer.set(bytes.subarray(at, at + now), this.#filled);
      this.#filled += now;
      at += now;
      if (this.#filled === PIECE) await this.#flush();
    }
  }

  /**
   * Closes the file, made as long as `size` with a hole where that is longer.
   * @param {number} [size]
   */
  async end(size) {
    await this.#flush();
    if (size !== undefined) await this.#file.truncate(size);
    await this.#file.close();
  }

  async #flush() {
    await this.#file.writev([this.#buffer.subarray(0, this.#filled)], this.#written);
    this.#written += this.#filled;
    this.#filled = 0;
  }
}
