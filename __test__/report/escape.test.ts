import test from 'ava';
import {
  escapeCsv,
  escapeHtml,
  escapeJson,
  escapeJsonInHtml,
  escapeMarkdown,
  escapeMarkdownCode,
  escapeTerminal,
  escapeTerminalLines,
} from '../../src/wording/escape.ts';
import { HOSTILE_NAMES } from './hostile.ts';

test('terminal: what cannot be seen is written out', (t) => {
  t.is(escapeTerminal('\u001b[31mred'), '\\u{1b}[31mred');
  t.is(escapeTerminal('a\u009bb\u007fc'), 'a\\u{9b}b\\u{7f}c');
  t.is(escapeTerminal('\u202eabc\u2066'), '\\u{202e}abc\\u{2066}');
  t.is(escapeTerminal('a\u200bb\ufeff'), 'a\\u{200b}b\\u{feff}');
  t.is(escapeTerminal('\ud800x\udfff'), '\\u{d800}x\\u{dfff}');
  t.is(escapeTerminal('a\nb\rc\td\0'), 'a\\u{a}b\\u{d}c\\u{9}d\\u{0}');
  t.is(escapeTerminal('\u{e0041}'), '\\u{e0041}');
});

test('terminal: letters of any script stay', (t) => {
  for (const name of ['model.layers.0.weight', '日本語', 'שלום', 'naïve', '😀', 'a\\b']) t.is(escapeTerminal(name), name);
});

test('terminal: a text of lines keeps its lines and tabs, and nothing else', (t) => {
  t.is(escapeTerminalLines('a\tb\r\nc\u001b\n'), 'a\tb\nc\\u{1b}\n');
});

test('HTML: no character of markup is left', (t) => {
  t.is(escapeHtml(`<a href="x" title='y'>&\u0000`), '&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;\\u{0}');
  for (const name of HOSTILE_NAMES) t.notRegex(escapeHtml(name), /[<>"']|[\0-\x1f]/);
});

test('JSON: the value stays, and the text is safe for a terminal', (t) => {
  for (const name of HOSTILE_NAMES) {
    const json = escapeJson(JSON.stringify({ name }, null, 2));
    t.deepEqual(JSON.parse(json), { name });
    t.is(escapeTerminalLines(json), json);
  }
});

test('JSON in HTML: nothing ends the element', (t) => {
  for (const name of HOSTILE_NAMES) {
    const json = escapeJsonInHtml(JSON.stringify([name]));
    t.false(json.includes('<'));
    t.deepEqual(JSON.parse(json), [name]);
  }
});

test('CSV: quoted as RFC 4180 asks, and no formula', (t) => {
  t.is(escapeCsv('plain.name'), 'plain.name');
  t.is(escapeCsv('a,b'), '"a,b"');
  t.is(escapeCsv('say "hi"'), '"say ""hi"""');
  t.is(escapeCsv('a\nb'), '"a\nb"');
  for (const [name, cell] of [
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@x', "'@x"],
    ['\tx', "'\tx"],
    ['\rx', `"'\rx"`],
  ] as const)
    t.is(escapeCsv(name), cell);
});

test('Markdown code: the fence is longer than any run inside, and a pipe does not end the cell', (t) => {
  t.is(escapeMarkdownCode('a.b'), '`a.b`');
  t.is(escapeMarkdownCode('a`b'), '``a`b``');
  t.is(escapeMarkdownCode('`a'), '`` `a ``');
  t.is(escapeMarkdownCode('a``b`c'), '```a``b`c```');
  t.is(escapeMarkdownCode('a|b'), '`a\\|b`');
  t.is(escapeMarkdownCode('a\\|b'), '`a\\\\u{7c}b`');
  t.is(escapeMarkdownCode('a\nb'), '`a\\u{a}b`');
  t.is(escapeMarkdownCode(''), '` `');
  t.is(escapeMarkdownCode('  '), '`\\u{20}\\u{20}`');
  for (const name of HOSTILE_NAMES) t.notRegex(escapeMarkdownCode(name), /(?<!\\)\||\n/);
});

test('Markdown prose: no markup, no link, no mention', (t) => {
  t.is(escapeMarkdown('a_b *c* <d> [e] ~f~ g|h'), 'a\\_b \\*c\\* &lt;d&gt; \\[e\\] \\~f\\~ g&#124;h');
  t.is(escapeMarkdown('see https://evil.example now'), 'see `https://evil.example` now');
  t.is(escapeMarkdown('ask @someone about #12'), 'ask `@someone` about `#12`');
  t.is(escapeMarkdown('- a'), '\\- a');
  t.is(escapeMarkdown('1. a'), '1\\. a');
  t.is(escapeMarkdown('# a'), '\\# a');
  t.is(escapeMarkdown('growing with depth (91% sure).'), 'growing with depth (91% sure).');
});
