/** Every reason that a task can give for a candidate. */
type ReasonOf<Task> = Task extends { decide(...given: never[]): { reason: infer Reason extends string } }
  ? Reason
  : never;

/** A task's name in the console and the words for each of its reasons, in one language. */
export interface TaskWords<Reason extends string = string> {
  name: string;
  reasons: Readonly<Record<Reason, string>>;
}

/** The words of a task in both languages. A reason without words is a compile error that names it. */
export interface WordsOf<Task> {
  en: TaskWords<ReasonOf<Task>>;
  fr: TaskWords<ReasonOf<Task>>;
}
