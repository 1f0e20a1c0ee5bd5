import { type Document, isAlias, isMap, isNode, isScalar, isSeq, type LineCounter, type Node } from 'yaml';

/** One thing wrong with the schedule: where, which key, the value found and what would be legal. */
export interface ScheduleProblem {
  file: string;
  line: number;
  key: string;
  value: unknown;
  rule: string;
}

/** The schedule cannot be used; lists every problem at once. */
export class ScheduleError extends Error {
  readonly problems: readonly ScheduleProblem[];
  constructor(problems: readonly ScheduleProblem[]) {
    super(problems.map(describe).join('\n'));
    this.name = 'ScheduleError';
    this.problems = problems;
  }
}

function describe({ file, line, key, value, rule }: ScheduleProblem): string {
  const shown = value === undefined ? '' : `${JSON.stringify(value)} `;
  return `${file}:${line} ${key === '' ? '' : `${key}: `}${shown}${rule}`;
}

/** A place in the file, as the keys and indexes that lead to it. */
export type Path = readonly (string | number)[];

/** Collects problems, and finds the line and value of a path. */
export class Problems {
  readonly found: ScheduleProblem[] = [];
  readonly #file: string;
  readonly #doc: Document;
  readonly #lines: LineCounter;

  constructor(file: string, doc: Document, lines: LineCounter) {
    this.#file = file;
    this.#doc = doc;
    this.#lines = lines;
  }

  /** Notes that the value at `path` breaks `rule`; a path that is absent is told on the line of its parent. */
  add(path: Path, value: unknown, rule: string): void {
    this.addAt(this.lineOf(path), path, value, rule);
  }

  /** The same for a line that is already known, such as that of a syntax error. */
  addAt(line: number, path: Path, value: unknown, rule: string): void {
    // A fault of syntax is often found several times over.
    if (path.length === 0 && this.found.some((one) => one.line === line && one.rule === rule)) return;
    this.found.push({ file: this.#file, line, key: pathText(path), value, rule });
  }

  /** The value at `path` as the file has it: 15m, not the 900 seconds that it stands for. */
  written(path: Path): unknown {
    return this.#doc.getIn(path);
  }

  /** The line on which the key of `path` stands, or the nearest parent that has one. */
  lineOf(path: Path): number {
    let node: unknown = this.#doc.contents;
    let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
    for (const step of path) {
      const child = this.#child(node, step);
      if (!child) break;
      offset = child.offset;
      node = child.node;
    }
    return this.#lines.linePos(offset).line;
  }

  #child(parent: unknown, step: string | number): { node: unknown; offset: number } | null {
    const node = isAlias(parent) ? parent.resolve(this.#doc) : parent;
    if (isSeq(node) && typeof step === 'number') {
      const item = node.items[step];
      return isNode(item) ? { node: item, offset: start(item) } : null;
    }
    if (!isMap(node)) return null;
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
    return pair && isNode(pair.key) ? { node: pair.value, offset: start(pair.key) } : null;
  }
}

function start(node: Node): number {
  return node.range?.[0] ?? 0;
}

function pathText(path: Path): string {
  return path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`))
    .join('');
}

/** `; did you mean X?` for the nearest of the legal words, or nothing when none is near. */
export function suggest(word: string, legal: readonly string[]): string {
  const [best] = legal
    .filter((candidate) => candidate !== word)
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  if (!best || best.distance > Math.max(2, Math.floor(word.length / 3))) return '';
  return `; did you mean ${best.candidate}?`;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
