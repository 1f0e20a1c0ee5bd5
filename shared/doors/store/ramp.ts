/**
 * Firestore wants traffic on a collection to begin with 500 writes a second and to grow by half every five minutes, so
 * that it can split it (https://firebase.google.com/docs/firestore/best-practices#ramping_up_traffic).
 */
const FIRST_PER_SECOND = 500;
const GROWTH = 1.5;
const EVERY_SECONDS = 300;

/** How many milliseconds after the first write of an import so many writes may have been sent. */
export function rampUp(writes: number): number {
  let seconds = 0;
  let rate = FIRST_PER_SECOND;
  let left = writes;
  while (left > rate * EVERY_SECONDS) {
    left -= rate * EVERY_SECONDS;
    seconds += EVERY_SECONDS;
    rate *= GROWTH;
  }
  return (seconds + left / rate) * 1000;
}
