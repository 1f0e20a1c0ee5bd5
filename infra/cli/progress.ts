import { stopwatch } from '../../shared/doors/clock.ts';

const WIDTH = 30;
/** The bar is drawn so often at most. */
const DRAW_MS = 100;

/** A bar on standard error, so that standard output stays the answer; nothing where nobody watches. */
export interface Progress {
  /** `share` of the work is done, 0 to 1; `text` says so in figures. */
  at(share: number, text: string): void;
  /** Takes the bar away. */
  clear(): void;
}

/** A progress bar for what is called `title`. */
export function progressBar(title: string, stream: NodeJS.WriteStream = process.stderr): Progress {
  const elapsed = stopwatch();
  let drawn = Number.NEGATIVE_INFINITY;
  return {
    at(share, text) {
      if (!stream.isTTY || elapsed() - drawn < DRAW_MS) return;
      drawn = elapsed();
      const filled = Math.round(Math.min(1, Math.max(0, share)) * WIDTH);
      stream.write(`\r\x1b[K${title} [${'#'.repeat(filled)}${' '.repeat(WIDTH - filled)}] ${text}`);
    },
    clear() {
      if (stream.isTTY) stream.write('\r\x1b[K');
    },
  };
}
