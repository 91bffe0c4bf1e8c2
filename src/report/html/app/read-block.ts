import { blockId, HEAD_BLOCK, joinPlanes } from '../data/blocks.ts';

/** Reads what is no column. Without it nothing can be parsed, and the page stays as it is without a script. */
export async function readHead<Head>(): Promise<Head> {
  return JSON.parse(new TextDecoder().decode((await readBlock(HEAD_BLOCK)) ?? undefined)) as Head;
}

/** Reads a column of places; all zeros where the page has none. */
export async function readPlaces(column: string, count: number): Promise<Int32Array> {
  const bytes = await readBlock(column);
  return bytes === null ? new Int32Array(count) : new Int32Array(joinPlanes(bytes, 4).buffer);
}

/** Reads a column of numbers; all NaN where the page has none. */
export async function readNumbers(column: string, count: number): Promise<Float64Array> {
  const bytes = await readBlock(column);
  return bytes === null ? new Float64Array(count).fill(Number.NaN) : new Float64Array(joinPlanes(bytes, 8).buffer);
}

/** The bytes of an element, which leaves the page. */
async function readBlock(column: string): Promise<Uint8Array | null> {
  const element = document.getElementById(blockId(column));
  if (element === null) return null;
  const text = atob(element.textContent);
  element.remove();
  const packed = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) packed[at] = text.charCodeAt(at);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
