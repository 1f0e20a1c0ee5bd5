import { useSearchParams } from 'wouter';
import type { PresentUser } from '../../api/presence/users.ts';
import { distance } from '../base/format.ts';
import { useLanguage } from '../base/language.tsx';
import { usePages } from '../base/pages.ts';
import { Mark } from '../ui/outcome.tsx';
import { MoreButton } from '../ui/pages-button.tsx';
import { Empty, Failure, Loading } from '../ui/state.tsx';
import { Views } from '../ui/views.tsx';
import { usePresenceTexts } from './texts.ts';

const COLORS: Record<PresentUser['status'], string> = { online: 'teal', offline: 'gray', unknown: 'orange' };
/** Each look reads every user: once a minute, as often as people ping, while the page is visible. */
const LOOK_MS = 60_000;
const VIEWS = ['online', 'all'] as const;

/** The users with their status, its source and its age. */
export function People() {
  const texts = usePresenceTexts();
  const [params] = useSearchParams();
  const view = params.get('view') === 'all' ? 'all' : 'online';
  return (
    <>
      <Views
        name={texts.viewsName}
        views={VIEWS.map((name) => ({
          to: name === 'online' ? '/presence' : `/presence?view=${name}`,
          label: texts.views[name],
          here: name === view,
        }))}
      />
      <List key={view} view={view} />
    </>
  );
}

function List({ view }: { view: (typeof VIEWS)[number] }) {
  const texts = usePresenceTexts();
  const status: Record<string, string> = view === 'online' ? { status: 'online' } : {};
  const list = usePages<PresentUser>(['presence', 'users', view], '/v1/admin/presence/users', status, {
    refetchInterval: LOOK_MS,
  });
  const { data, error, isPending, refetch } = list;
  if (isPending) return <Loading />;
  if (!data) return <Failure error={error} retry={() => void refetch()} />;
  const people = data.pages.flatMap(({ items }) => items);
  if (people.length === 0) return <Empty>{texts.nobody[view]}</Empty>;
  return (
    <div>
      <ul className="lines">
        {people.map((person) => (
          <Person key={person.id} person={person} />
        ))}
      </ul>
      <MoreButton list={list} />
    </div>
  );
}

function Person({ person: { id, status, source, as_of, display_name, email } }: { person: PresentUser }) {
  const { language } = useLanguage();
  const texts = usePresenceTexts();
  return (
    <li className="line person wrapped">
      <span>{display_name || email || id}</span>
      <Mark color={COLORS[status]}>{texts.status[status]}</Mark>
      <span className="dimmed">
        {texts.source[source]}
        {as_of && ` · ${distance(as_of, language)}`}
      </span>
      <code className="dimmed">{id}</code>
    </li>
  );
}
