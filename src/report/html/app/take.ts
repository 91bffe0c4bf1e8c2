/** What readers take with them: the rows that fit the search, as files or on the clipboard. */
import { escapeCsv } from '../../../wording/escape.ts';
import { onPress } from './dom.ts';

/** A row as a file has it, by the keys of its columns. What is no finite number is null, all others have six digits: the page holds no more. */
export type TakenRow = Readonly<Record<string, string | number | null>>;

/** Hears the buttons that give something. */
export function offerRows(list: () => readonly TakenRow[]): void {
  onPress(document, '[data-take], [data-copy], #copy-link', (button) => {
    const { take, copy } = button.dataset;
    if (take === 'csv') save('tensors.csv', writeCsv(list()));
    else if (take === 'json')
      save(
        'tensors.json',
        `${JSON.stringify(list(), (_, value: unknown) => (typeof value === 'number' ? tidy(value) : value), 1)}\n`,
      );
    else giveText(button, copy ?? (take === 'copy' ? writeCsv(list(), '\t') : location.href));
  });
}

function tidy(number: number): number | null {
  return Number.isFinite(number) ? Number(number.toPrecision(Number.isInteger(number) ? 17 : 6)) : null;
}

function writeCsv(rows: readonly TakenRow[], separator: string = ','): string {
  const head = Object.keys(rows[0] ?? {});
  const spell = (cell: string | number | null | undefined): string => {
    if (typeof cell === 'number') return String(tidy(cell) ?? '');
    const text = escapeCsv(cell ?? '');
    return separator === '\t' ? text.replaceAll('\t', ' ') : text;
  };
  return (
    [head, ...rows.map((row) => head.map((key) => row[key]))].map((cells) => cells.map(spell).join(separator)).join('\n') + '\n'
  );
}

function save(name: string, text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text]));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

const COPIED = 'Copied';

/** Puts a text on the clipboard, and says so on the button; not every place where a page is shown allows it. */
function giveText(button: HTMLElement, text: string): void {
  const before = button.textContent;
  const say = (words: string): void => {
    button.textContent = words;
    setTimeout(() => (button.textContent = before), 1500);
  };
  if (before === COPIED) return;
  // Where there is no clipboard, reading from it throws.
  Promise.resolve()
    .then(() => navigator.clipboard.writeText(text))
    .then(
      () => say(COPIED),
      () => say('Not allowed'),
    );
}
