/**
 * Firestore asks that traffic on a collection begins with 500 writes a second and grows by half every five minutes, so that
 * it can split the collection (https://firebase.google.com/docs/firestore/best-practices#ramping_up_traffic).
 */
const FIRST_PER_SECOND = 500;
const GROWTH = 1.5;
const EVERY_SECONDS = 300;

/** Returns the milliseconds that an import of this many writes must take at least. */
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
