/** Lists the finished and the unfinished steps, so that a failure names both. */
export interface Report {
  /** Finishes the current step and begins the next. */
  step(name: string): void;
  /** Adds something that is done inside the current step. */
  done(what: string): void;
  /** Keeps a line that the end of the deployment repeats. */
  remark(line: string): void;
  remarks(): readonly string[];
  /** Returns the lines after a failure. */
  describeFailure(): string[];
}

/** Opens a report over the steps of a deployment, in order. */
export function openReport(steps: readonly string[], print: (line: string) => void): Report {
  const finished: string[] = [];
  const remarks: string[] = [];
  let current = steps[0] ?? '';
  return {
    step(name) {
      finished.push(current);
      current = name;
      print(`# ${name}`);
    },
    done: (what) => void finished.push(what),
    remark: (line) => void remarks.push(line),
    remarks: () => remarks,
    describeFailure: () => [
      `deploy.sh failed at: ${current}`,
      `  done:     ${finished.join(', ') || 'nothing'}`,
      `  not done: ${[`${current} (perhaps in part)`, ...steps.slice(steps.indexOf(current) + 1)].join(', ')}`,
      'Correct the cause and run the same command again; it skips what exists already.',
    ],
  };
}
