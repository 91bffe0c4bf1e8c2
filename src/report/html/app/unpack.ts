import { blockId, HEAD_BLOCK, joinPlanes, type PageHead } from '../data/blocks.ts';
import { NUMBERS, type NumberColumn, type PageTensors, type PlaceColumn, PLACES } from '../data/page-tensors.ts';

/** Reads the tensors that the page holds, and takes their elements out of it. */
export async function unpackTensors(): Promise<{ tensors: PageTensors; left: number }> {
  // Without it nothing can be parsed, and the page stays as it is without a script.
  const head = JSON.parse(new TextDecoder().decode((await readBlock(HEAD_BLOCK)) ?? undefined)) as PageHead;
  const { left, errors, bins, ...lists } = head;
  const readPlaces = async (column: string): Promise<Int32Array> => {
    const bytes = await readBlock(column);
    return bytes === null ? new Int32Array(head.count) : new Int32Array(joinPlanes(bytes, 4).buffer);
  };
  const readNumbers = async (column: string, count: number): Promise<Float64Array> => {
    const bytes = await readBlock(column);
    return bytes === null ? new Float64Array(count).fill(Number.NaN) : new Float64Array(joinPlanes(bytes, 8).buffer);
  };
  const [numbers, places, counts] = await Promise.all([
    Promise.all(NUMBERS.map(async (column) => [column, await readNumbers(column, head.count)] as const)),
    Promise.all(PLACES.map(async (column) => [column, await readPlaces(column)] as const)),
    bins === null ? null : readNumbers('histogram', head.count * bins.bins),
  ]);
  const tensors: PageTensors = {
    ...lists,
    numbers: Object.fromEntries(numbers) as Record<NumberColumn, Float64Array>,
    places: Object.fromEntries(places) as Record<PlaceColumn, Int32Array>,
    errors: new Map(errors),
    histogram: bins === null || counts === null ? null : { ...bins, counts },
  };
  return { tensors, left };
}

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
