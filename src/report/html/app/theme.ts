/** Runs in the head, before anything is painted: the scheme that the reader chose the last time, and that a script is there. */

const KEY = 'model-diff-theme';
const root = document.documentElement;

root.dataset['live'] = '';
if (root.dataset['theme'] === undefined) {
  const chosen = recall();
  if (chosen === 'light' || chosen === 'dark') root.dataset['theme'] = chosen;
}

document.addEventListener('click', ({ target }) => {
  if (!(target instanceof Element) || target.closest('#theme') === null) return;
  const isDark = (root.dataset['theme'] ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
  root.dataset['theme'] = isDark ? 'light' : 'dark';
  remember(root.dataset['theme']);
});

/** Sandboxed pages have no storage, and say so with an exception. */
function recall(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function remember(theme: string): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    return;
  }
}
