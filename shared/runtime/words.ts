/** Every reason that a task can return for a candidate. */
type ReasonOf<Task> = Task extends { decide(...given: never[]): { reason: infer Reason extends string } }
  ? Reason
  : never;

/** A task's name in the console, its act, and the text of each of its reasons, in one language. */
export interface TaskWords<Reason extends string = string> {
  name: string;
  /** The act on N candidates as an infinitive, such as "close 14 visits". */
  act(count: number): string;
  /** The same when it is done, such as "14 visits closed". */
  done(count: number): string;
  reasons: Readonly<Record<Reason, string>>;
}

/** The words of a task in both languages. A missing reason is a compile error that names it. */
export interface WordsOf<Task> {
  en: TaskWords<ReasonOf<Task>>;
  fr: TaskWords<ReasonOf<Task>>;
}
