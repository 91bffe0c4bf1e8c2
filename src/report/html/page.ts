import { COMPARISON_SCRIPT, COMPARISON_STYLE, SERIES_SCRIPT, SERIES_STYLE, THEME } from './assets.ts';
import type { VisualizationConfig } from '../options.ts';
import { html, type Markup, trusted } from './view/markup.ts';

const PARTS: Readonly<Record<'comparison' | 'series', Readonly<Record<'style' | 'script', typeof THEME>>>> = {
  comparison: { style: COMPARISON_STYLE, script: COMPARISON_SCRIPT },
  series: { style: SERIES_STYLE, script: SERIES_SCRIPT },
};

/** What a page consists of. */
export interface Page {
  readonly title: string;
  readonly colorScheme: NonNullable<VisualizationConfig['colorScheme']>;
  /** Which style and script it has. */
  readonly kind: keyof typeof PARTS;
  /** Its sections, each drawn when it is written. */
  readonly body: Iterable<Markup>;
  /** Elements that hold the data, each safe as it stands. */
  readonly data: Iterable<string>;
}

/**
 * One HTML page, in pieces: it asks for nothing, and is readable without its script. Its content security policy allows its own style and
 * scripts, by their hashes, and nothing else.
 */
export function* writePage({ title, colorScheme, kind, body, data }: Page): Iterable<string> {
  const { style, script } = PARTS[kind];
  const policy = `default-src 'none'; style-src '${style.hash}'; script-src '${THEME.hash}' '${script.hash}'; base-uri 'none'; form-action 'none'`;
  const scheme = colorScheme === 'default' ? null : html` data-theme="${colorScheme}"`;
  yield html`<!doctype html>
<html lang="en"${scheme}>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="${colorScheme === 'default' ? 'light dark' : colorScheme}">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${trusted(style.text)}</style>
<script>${trusted(THEME.text)}</script>
</head>
<body>
`.text;
  for (const section of body) yield `${section.text.replace(/\n{2,}/g, '\n')}\n`;
  yield* data;
  yield `<script>${script.text}</script>\n</body>\n</html>\n`;
}
