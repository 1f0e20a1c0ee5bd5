import { type Document, isAlias, isMap, isNode, isScalar, isSeq, type LineCounter, type Node } from 'yaml';

/** A problem of the schedule: its line and key, the value, and the rule it breaks. */
export interface ScheduleProblem {
  file: string;
  line: number;
  key: string;
  value: unknown;
  rule: string;
}

/** The schedule has problems; lists all of them. */
export class ScheduleError extends Error {
  readonly problems: readonly ScheduleProblem[];
  constructor(problems: readonly ScheduleProblem[]) {
    super(problems.map(describeProblem).join('\n'));
    this.name = 'ScheduleError';
    this.problems = problems;
  }
}

function describeProblem({ file, line, key, value, rule }: ScheduleProblem): string {
  const valueText = value === undefined ? '' : `${JSON.stringify(value)} `;
  return escapeControls(`${file}:${line} ${key === '' ? '' : `${key}: `}${valueText}${rule}`);
}

/** Replaces control and invisible characters, which could end a line or reverse it on a terminal. */
const escapeControls = (text: string): string =>
  text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );

/** A place in the file: the keys and indexes that lead to it. */
export type Path = readonly (string | number)[];

/** Collects problems; finds the line and the value of a path. */
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

  /** Adds that the value at `path` breaks `rule`. An absent path gets the line of its parent. */
  add(path: Path, value: unknown, rule: string): void {
    this.addAt(this.lineOf(path), path, value, rule);
  }

  /** Adds a problem on a known line, such as that of a syntax error. */
  addAt(line: number, path: Path, value: unknown, rule: string): void {
    // The YAML parser often reports one syntax error several times.
    if (path.length === 0 && this.found.some((one) => one.line === line && one.rule === rule)) return;
    this.found.push({ file: this.#file, line, key: formatPath(path), value, rule });
  }

  /** Returns the value at `path` as the file spells it: 15m, not 900 seconds. */
  written(path: Path): unknown {
    return this.#doc.getIn(path);
  }

  /** Returns the line of the key of `path`, or of its nearest existing parent. */
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

function formatPath(path: Path): string {
  return path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`))
    .join('');
}

/** Returns `; did you mean X?` with the nearest legal word. Returns an empty text if none is near. */
export function suggest(word: string, legal: readonly string[]): string {
  const [best] = legal
    .filter((candidate) => candidate !== word)
    .map((candidate) => ({
      candidate,
      distance: measureDistance(word.toLowerCase(), candidate.toLowerCase()),
    }))
    .sort((a, b) => a.distance - b.distance);
  if (!best || best.distance > Math.max(2, Math.floor(word.length / 3))) return '';
  return `; did you mean ${best.candidate}?`;
}

function measureDistance(a: string, b: string): number {
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
