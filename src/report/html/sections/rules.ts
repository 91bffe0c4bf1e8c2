import { truncateMiddle } from '../../../wording/width.ts';
import type { RuleResult } from '../../../rules/types.ts';
import type { Report } from '../../report.ts';
import { describeOutcome, pickCases, sortRules, STATUS_WORDS } from '../../rules.ts';
import { html, type Markup } from '../view/markup.ts';
import { showName } from '../view/name.ts';

/** What became of each rule, broken ones first. Nothing where there are no rules. */
export function showRules({ rules }: Report): Markup {
  if (rules.length === 0) return html``;
  return html`<section id="rules">
<h2>${describeOutcome(rules)}</h2>
<div class="scroll" role="region" aria-label="Rules" tabindex="0"><table>
<thead><tr><th scope="col">result</th><th scope="col">rule</th><th scope="col">found</th><th scope="col">worst</th></tr></thead>
<tbody>${sortRules(rules).map(showRule)}</tbody>
</table></div>
</section>`;
}

function showRule(result: RuleResult): Markup {
  const word = STATUS_WORDS[result.status];
  const status = result.status === 'passed' ? html`${word}` : html`<span class="severity critical">${word}</span>`;
  const worst = pickCases(result).map(
    ({ name, note }) => html`<div>${showName(name)} <span class="shape">${truncateMiddle(note, 100)}</span></div>`,
  );
  return html`<tr><td>${status}</td><th scope="row"><code>${truncateMiddle(result.rule, 400)}</code></th><td>${result.message}</td><td>${worst}</td></tr>\n`;
}
