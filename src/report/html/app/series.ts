/** The script of the page of a series. */
import { enliven } from './live.ts';

enliven(async () => undefined);
