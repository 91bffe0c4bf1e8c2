/** What a piece of the text report is, as far as colour can tell it apart. Words and signs always say the same. */
export type Tone = 'strong' | 'dim' | 'good' | 'warn' | 'bad' | 'accent';

/** Colours a text that is escaped and laid out already. */
export type Paint = (tone: Tone, text: string) => string;

/** ANSI colours, or none. */
export function choosePaint(color: boolean): Paint {
  if (!color) return (_tone, text) => text;
  return (tone, text) => (text === '' ? '' : `\u001b[${SEQUENCES[tone]}m${text}\u001b[0m`);
}

const SEQUENCES: Readonly<Record<Tone, string>> = { strong: '1', dim: '2', good: '32', warn: '33', bad: '31', accent: '36' };
