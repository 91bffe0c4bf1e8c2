/** Where the histogram of changes is drawn in its picture, in units of its view box. */
export const CHANGES_BOX = { width: 560, height: 180, left: 8, right: 8, top: 18, bottom: 22 } as const;

/** The relative change at a place of the picture. @param start logarithm to base 10 at its left end @param decades factors of ten in it */
export function changeAt(x: number, start: number, decades: number): number {
  const { width, left, right } = CHANGES_BOX;
  const share = Math.min(1, Math.max(0, (x - left) / (width - left - right)));
  return 10 ** (start + share * decades);
}
