import type { BenchReport, Figure } from './bench.ts';

const HEAD = ['figure', 'median', 'min', 'max', 'rounds', 'target', ''];

/** Formats a bench's report for a terminal: figures with a target first. */
export function table({ name, compares, figures, met }: BenchReport): string {
  const rows = [HEAD, ...figures.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 || column > 4 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  return [`${name}: ${met ? 'all targets met' : 'TARGET MISSED'}`, `  ${compares}`, '', ...lines, ''].join(
    '\n',
  );
}

function cells({ name, unit, median, min, max, rounds, target, met }: Figure): string[] {
  return [
    unit === 'ratio' || unit === '' ? name : `${name} (${unit})`,
    number(median),
    number(min),
    number(max),
    String(rounds),
    target === null ? '' : `${target.rule} ${target.value}`,
    met === null ? '' : met ? 'met' : 'MISSED',
  ];
}

/** Formats three significant digits, or whole numbers from a hundred on. */
function number(value: number): string {
  if (Number.isNaN(value)) return 'none';
  if (Number.isInteger(value) || Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toPrecision(3);
}
