import { stopwatch } from '../../shared/doors/clock.ts';

const WIDTH = 30;
/** The shortest time between two drawings of the bar. */
const DRAW_MS = 100;

/** A bar on standard error, since standard output is for the answer. Draws nothing without a terminal. */
export interface ProgressBar {
  /** Draws that `share` of the work is done, from 0 to 1; `text` stands beside the bar. */
  at(share: number, text: string): void;
  /** Removes the bar. */
  clear(): void;
}

/** Opens a progress bar with a title. */
export function openProgressBar(title: string, stream: NodeJS.WriteStream = process.stderr): ProgressBar {
  const elapsed = stopwatch();
  let drawnAt = Number.NEGATIVE_INFINITY;
  return {
    at(share, text) {
      if (!stream.isTTY || elapsed() - drawnAt < DRAW_MS) return;
      drawnAt = elapsed();
      const filled = Math.round(Math.min(1, Math.max(0, share)) * WIDTH);
      stream.write(`\r\x1b[K${title} [${'#'.repeat(filled)}${' '.repeat(WIDTH - filled)}] ${text}`);
    },
    clear() {
      if (stream.isTTY) stream.write('\r\x1b[K');
    },
  };
}
