/**
 * Brings a page to life. An old browser, or a page that was cut off, stays as it is without a script: everything that matters is in it.
 */
export function enliven(start: () => Promise<void>): void {
  const root = document.documentElement;
  start().then(
    () => (root.dataset['ready'] = ''),
    (error: unknown) => {
      delete root.dataset['live'];
      throw error;
    },
  );
}
