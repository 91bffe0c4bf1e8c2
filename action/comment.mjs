/** A step of action.yml: writes the report as a comment on the pull request, in the place of the one of an earlier run. */

import { readFileSync } from 'node:fs';
import { annotate, readVariable } from './commands.mjs';
import { fitMarkdown } from './fit.mjs';

/** GitHub refuses longer ones. */
const COMMENT_BYTES = 65_536;
const PER_PAGE = 100;
/** Pages of comments that are looked through. */
const MOST_PAGES = 50;

/** @typedef {{ id: number, body?: string, user?: { type?: string } | null }} Comment */

const api = readVariable('GITHUB_API_URL', 'https://api.github.com');
const repository = readVariable('GITHUB_REPOSITORY');
const file = readVariable('MODEL_DIFF_MARKDOWN', '');
const number = readPullRequest();

if (number === null) annotate('notice', 'there is no pull request to comment on');
else if (file === '') annotate('notice', 'there is no report to comment with');
else await comment(number, readFileSync(file, 'utf8'));

/**
 * @param {number} issue
 * @param {string} report
 */
async function comment(issue, report) {
  // In a comment of HTML only what cannot end it.
  const marker = `<!-- model-diff: ${readVariable('MODEL_DIFF_COMMENT').replaceAll(/[^\w ./]+/gu, '-')} -->\n`;
  const body = marker + fitMarkdown(report, COMMENT_BYTES - Buffer.byteLength(marker));
  try {
    const earlier = await findComment(issue, marker);
    if (earlier === null) await request('POST', `issues/${issue}/comments`, { body });
    else await request('PATCH', `issues/comments/${earlier}`, { body });
  } catch (error) {
    // As from a fork, whose token may not write. The summary of the job has the report all the same.
    annotate('warning', `the comment could not be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * The comment that an earlier run wrote. Those of people are left alone, even with the marker in them: they could change ours later.
 * @param {number} issue
 * @param {string} marker
 */
async function findComment(issue, marker) {
  for (let page = 1; page <= MOST_PAGES; page += 1) {
    const path = `issues/${issue}/comments?per_page=${PER_PAGE}&page=${page}`;
    const comments = /** @type {Comment[]} */ (await request('GET', path));
    const found = comments.find(
      ({ body, user }) => user?.type === 'Bot' && body?.replaceAll('\r', '').startsWith(marker) === true,
    );
    if (found !== undefined) return found.id;
    if (comments.length < PER_PAGE) return null;
  }
  return null;
}

/**
 * @param {string} method
 * @param {string} path inside the repository
 * @param {object} [body]
 * @returns {Promise<unknown>}
 */
async function request(method, path, body) {
  const response = await fetch(`${api}/repos/${repository}/${path}`, {
    method,
    headers: {
      accept: 'application/vnd.github+json',
      authorization: `Bearer ${readVariable('MODEL_DIFF_TOKEN')}`,
      'content-type': 'application/json',
      'x-github-api-version': '2022-11-28',
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(60_000),
  });
  if (!response.ok) throw new Error(`GitHub answered ${response.status} to ${method} ${path.split('?')[0]}`);
  return response.json();
}

/** The number of the pull request that the workflow runs for; null where it runs for something else. */
function readPullRequest() {
  const event = /** @type {{ pull_request?: { number?: unknown }, issue?: { number?: unknown, pull_request?: unknown } }} */ (
    JSON.parse(readFileSync(readVariable('GITHUB_EVENT_PATH'), 'utf8'))
  );
  const found = event.pull_request ?? (event.issue?.pull_request === undefined ? undefined : event.issue);
  return typeof found?.number === 'number' ? found.number : null;
}
