/**
 * Measures each side once per round, one after the other, and lets another side begin in each round: whatever slows the
 * machine for a while, or warms an engine up, falls on all of them. Returns a sample per round for each side, in order of
 * the rounds.
 */
export async function interleave<Side extends string, Sample>(
  rounds: number,
  sides: Record<Side, (round: number) => Promise<Sample>>,
): Promise<Record<Side, Sample[]>> {
  const names = Object.keys(sides) as Side[];
  const samples = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Side, Sample[]>;
  for (let round = 0; round < rounds; round += 1) {
    for (const name of startingAt(names, round)) samples[name].push(await sides[name](round));
  }
  return samples;
}

function startingAt<T>(all: readonly T[], round: number): T[] {
  const first = round % Math.max(1, all.length);
  return [...all.slice(first), ...all.slice(0, first)];
}
