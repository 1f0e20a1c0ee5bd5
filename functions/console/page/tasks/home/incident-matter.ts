import type { IncidentView } from '../../../../../shared/domains/watch/incident.ts';
import { runAddress, runsAddress } from '../../base/addresses.ts';
import { instant, longSpan, whole } from '../../base/format.ts';
import { worded } from '../../base/language.tsx';
import type { Matter, MatterWords } from './matter.ts';

/** The facts of an incident, put into words. A fact that an older row lacks is null. */
interface FactsInWords {
  words: MatterWords;
  task: string;
  text(fact: string): string | null;
  at(fact: string): string;
  seconds(fact: string): string;
}

type Said = Pick<Matter, 'title' | 'remedy'> & { facts: (string | null)[] };

const SAID: Partial<Record<IncidentView['kind'], (found: FactsInWords) => Said>> = {
  missed({ words: { texts, outcomes }, task, text, at }) {
    const outcome = worded(outcomes, text('last_outcome') ?? 'running');
    return {
      title: texts.missed.title(task, at('occurrence')),
      facts: [text('last_run') ? texts.lastRun(at('last_started_at'), outcome) : texts.noRun],
      remedy: texts.missed.remedy,
    };
  },
  overrun: ({ words: { texts }, task, text, at, seconds }) => ({
    title: texts.overrun.title(task),
    facts: [text('started_at') && texts.overrun.facts(at('started_at'), seconds('budget_seconds'))],
    remedy: texts.overrun.remedy,
  }),
  failing: ({ words: { texts, language }, task, text, at }) => ({
    title: texts.failing.title(task, whole(Number(text('failures') ?? 0), language)),
    facts: [text('since') && texts.since(at('since')), text('error')],
    remedy: texts.failing.remedy,
  }),
  unsteady: ({ words: { texts }, task, text, at }) => ({
    title: texts.unsteady.title(task),
    facts: [text('since') && texts.since(at('since')), text('error')],
    remedy: texts.unsteady.remedy,
  }),
  fruitless: ({ words: { texts }, task, text, at }) => ({
    title: texts.fruitless.title(task),
    facts: [text('runs') && texts.fruitless.facts(text('runs') ?? '', at('since'))],
    remedy: texts.fruitless.remedy,
  }),
  cut_short: ({ words: { texts }, task, text, at }) => ({
    title: texts.cut_short.title(task),
    facts: [text('runs') && texts.cut_short.facts(text('runs') ?? '', at('since'))],
    remedy: texts.cut_short.remedy,
  }),
  slow: ({ words: { texts }, task, text, seconds }) => ({
    title: texts.slow.title(task),
    facts: [text('median_seconds') && texts.slow.facts(seconds('median_seconds'), seconds('budget_seconds'))],
    remedy: texts.slow.remedy,
  }),
  asleep: ({ words: { texts }, text, at }) => ({
    title: texts.asleep.title,
    facts: [text('from') && texts.asleep.facts(at('from'), at('to'))],
    remedy: texts.asleep.remedy,
  }),
};

/** Returns the matter of an incident, from the facts that watch-runs has found. */
export function incidentMatter(incident: IncidentView, words: MatterWords): Matter {
  const { id, kind, key, task, facts = {} } = incident;
  const name = worded(words.tasks, task);
  const text = (fact: string) => (facts[fact] == null ? null : String(facts[fact]));
  const said = SAID[kind]?.({
    words,
    task: name,
    text,
    at: (fact) => instant(text(fact), words.language),
    seconds: (fact) => longSpan(Number(text(fact) ?? 0), words.language),
  }) ?? { title: `${name}: ${kind}`, facts: [], remedy: '' };
  const run = kind === 'overrun' ? key : text(kind === 'missed' ? '' : 'last_run');
  return {
    id,
    color: kind === 'slow' ? 'orange' : 'red',
    href: run ? runAddress(run) : runsAddress(task),
    links: [],
    incident,
    ...said,
    facts: said.facts.filter((fact) => fact !== null),
  };
}
