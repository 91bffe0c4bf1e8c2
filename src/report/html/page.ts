import { html, type Markup, trusted } from './markup.ts';

/** What a page consists of. */
export interface Page {
  readonly title: string;
  /** CSS of our own making. */
  readonly style: string;
  /** Schemes that the style is made for. */
  readonly schemes: 'light dark' | 'light' | 'dark';
  readonly body: Markup;
}

/**
 * One HTML page: no script, no request, readable on paper and by screen readers. Its content security policy allows nothing but its own
 * style.
 */
export function writePage({ title, style, schemes, body }: Page): string {
  // Loaded here: no other format needs it, and it takes 4 ms.
  const { createHash } = process.getBuiltinModule('node:crypto');
  const hash = createHash('sha256').update(style).digest('base64');
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="${schemes}">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${trusted(style)}</style>
</head>
<body>
${body}
</body>
</html>
`;
  return page.text.replace(/\n{2,}/g, '\n');
}
