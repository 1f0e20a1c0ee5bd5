import type { CaseReport } from './campaign.ts';

export interface SummaryRow {
  plan: string;
  case: string;
  report: CaseReport;
}

const HEADINGS = ['function', 'case', 'runs', 'failed', 'seconds', 'figures'];

/** Formats the results as a table with one line per case. */
export function summary(rows: readonly SummaryRow[]): string {
  const lines = rows.map(({ plan, case: name, report }) => [
    plan,
    name,
    String(report.runs),
    String(report.failures.length),
    (report.ms / 1000).toFixed(1),
    Object.entries(report.figures)
      .map(([figure, value]) => `${value} ${figure}`)
      .join(', '),
  ]);
  const table = [HEADINGS, ...lines];
  const widths = HEADINGS.map((_, column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)));
  return table
    .map((cells) =>
      cells
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
