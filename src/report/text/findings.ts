import { describeNameChange } from '../../names/name-change.ts';
import { escapeTerminal } from '../../wording/escape.ts';
import { wrapWords } from '../../wording/width.ts';
import { describePlace, listChosen, listSerious } from '../findings.ts';
import type { Report } from '../report.ts';
import { INDENT, TONES } from './insights.ts';
import type { Layout } from './layout.ts';
import { counted, type Section } from './sections.ts';

/** What was done to names, and which mapping, variant, folder or file was taken where there was a choice. */
export function writeNotes(report: Report, layout: Layout): Section {
  const renamed = (report.summary.nameChanges ?? []).map((change) => ({
    tone: 'dim' as const,
    text: describeNameChange(change),
  }));
  const chosen = listChosen(report).map(({ side, finding }) => ({
    tone: finding.severity === 'info' ? ('dim' as const) : ('warn' as const),
    text: `${side}: ${finding.message}`,
  }));
  const items = [...renamed, ...chosen].map(({ tone, text }) => {
    const line = escapeTerminal(text);
    return (layout.onTerminal ? wrapWords(line, layout.width) : [line]).map((part) => layout.paint(tone, part));
  });
  return { id: 'notes', items, name: counted('note on names and files', 'notes on names and files') };
}

/** What is wrong or odd about the files of either side. */
export function writeFindings(report: Report, layout: Layout): Section {
  const findings = listSerious(report);
  const items = findings.slice(0, layout.rows).map(({ side, finding }) => {
    const place = describePlace(finding);
    const text = `${side}: ${finding.message}${place === '' ? '' : ` (${place})`} [${finding.code}]`;
    const lines = wrapWords(escapeTerminal(text), layout.width - INDENT);
    const severity = layout.paint(TONES[finding.severity], finding.severity.padEnd(INDENT - 2));
    return lines.map((line, at) => `  ${at === 0 ? severity : ' '.repeat(INDENT - 2)}${line}`);
  });
  return {
    id: 'findings',
    isApart: true,
    head: [layout.paint('strong', 'findings')],
    items,
    grave: findings.filter(({ finding }) => finding.severity === 'critical').length,
    total: findings.length,
    name: counted('finding'),
  };
}
