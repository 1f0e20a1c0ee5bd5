/**
 * Measures each side once per round, one after the other, and begins each round with another side. A slow phase of
 * the machine, or a warm engine, then affects all sides alike.
 * Returns one sample per round for each side, in order.
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
