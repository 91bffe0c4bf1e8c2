/** What readers take with them: the rows that fit the search, as files or on the clipboard. */
import { escapeCsv } from '../../../wording/escape.ts';
import type { PageTensors } from '../data/page-tensors.ts';
import { TABLE_COLUMNS } from '../view/tensor-row.ts';
import { around } from './dom.ts';
import type { Table } from './table.ts';

type Cell = string | number | null;

/** Hears the buttons that give something. */
export function offerRows(tensors: PageTensors, table: Table): void {
  document.addEventListener('click', (event) => {
    const button = around(event, '[data-take], [data-copy], #copy-link');
    if (button === null) return;
    const { take, copy } = button.dataset;
    if (take === 'csv') save('tensors.csv', writeCsv(tensors, table.rows));
    else if (take === 'json') save('tensors.json', writeJson(tensors, table.rows));
    else giveText(button, copy ?? (take === 'copy' ? writeCsv(tensors, table.rows, '\t') : location.href));
  });
}

function readRow(tensors: PageTensors, row: number): Record<string, Cell> {
  const cells = TABLE_COLUMNS.map(({ key, read }) => [key, clean(read(tensors, row))] as const);
  return { name: tensors.names[row] ?? '', ...Object.fromEntries(cells) };
}

/** What is no number is empty; the page holds six digits of most numbers. */
function clean(value: Cell): Cell {
  if (typeof value !== 'number') return value;
  return Number.isFinite(value) ? (Number.isInteger(value) ? value : Number(value.toPrecision(6))) : null;
}

function writeCsv(tensors: PageTensors, rows: readonly number[], separator: string = ','): string {
  const all = rows.map((row) => readRow(tensors, row));
  const head = Object.keys(all[0] ?? {});
  const spell = (cell: Cell | undefined): string => {
    const text = escapeCsv(String(cell ?? ''));
    return separator === '\t' ? text.replaceAll('\t', ' ') : text;
  };
  return [head, ...all.map((row) => head.map((key) => spell(row[key])))].map((cells) => cells.join(separator)).join('\n') + '\n';
}

function writeJson(tensors: PageTensors, rows: readonly number[]): string {
  return `${JSON.stringify(
    rows.map((row) => readRow(tensors, row)),
    null,
    1,
  )}\n`;
}

function save(name: string, text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text]));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Puts a text on the clipboard, and says so on the button; not every place where a page is shown allows it. */
function giveText(button: HTMLElement, text: string): void {
  const say = (words: string): void => {
    const before = button.innerHTML;
    button.textContent = words;
    setTimeout(() => (button.innerHTML = before), 1500);
  };
  navigator.clipboard.writeText(text).then(
    () => say('Copied'),
    () => say('Not allowed here'),
  );
}
